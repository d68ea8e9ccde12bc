package adapter

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// groupMemory is the memory in which the processes of a group reside, in octets.
func groupMemory(group int) (octets int64, ok bool) {
	eachOfGroup(group, func(_ string, resident []byte) {
		pages, err := strconv.ParseInt(string(resident), 10, 64)
		if err == nil {
			octets += pages * int64(os.Getpagesize())
			ok = true
		}
	})
	return octets, ok
}

// groupDescriptors is how many files the processes of a group hold open.
func groupDescriptors(group int) (n int, ok bool) {
	eachOfGroup(group, func(folder string, _ []byte) {
		open, err := os.ReadDir(filepath.Join(folder, "fd"))
		if err == nil {
			n += len(open)
			ok = true
		}
	})
	return n, ok
}

// eachOfGroup gives the folder of each process of a group, and its resident set in pages.
func eachOfGroup(group int, f func(folder string, resident []byte)) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// The second field, the command in parentheses, may have any octets in it.
		// After it come the state, the parent, the group and so on; the 22nd is the
		// resident set, in pages.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) >= 22 && string(fields[2]) == strconv.Itoa(group) {
			f(filepath.Dir(file), fields[21])
		}
	}
}
