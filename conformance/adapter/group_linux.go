package adapter

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// groupMemory returns the resident memory of the processes of a group, in bytes.
func groupMemory(group int) (n int64, ok bool) {
	eachOfGroup(group, func(_ string, resident []byte) {
		pages, err := strconv.ParseInt(string(resident), 10, 64)
		if err == nil {
			n += pages * int64(os.Getpagesize())
			ok = true
		}
	})
	return n, ok
}

// groupDescriptors returns how many files the processes of a group hold open.
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

// groupCPU returns how long the threads of a group have run, and how long they have waited for
// a CPU although they could run. Threads that have ended do not count.
func groupCPU(group int) (t CPUTime, ok bool) {
	eachOfGroup(group, func(folder string, _ []byte) {
		files, _ := filepath.Glob(filepath.Join(folder, "task/*/schedstat"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // the thread has ended
			}
			var ran, waited time.Duration // the kernel counts nanoseconds, too
			if n, _ := fmt.Sscan(string(text), &ran, &waited); n == 2 {
				t.Ran += ran
				t.Waited += waited
				ok = true
			}
		}
	})
	return t, ok
}

// groupProcesses returns the processes of a group that have not ended, in words.
func groupProcesses(group int) (all []string) {
	eachOfGroup(group, func(folder string, _ []byte) {
		if _, err := os.Readlink(filepath.Join(folder, "cwd")); err == nil { // one that has ended has no folder to be in
			all = append(all, describeProcess(folder))
		}
	})
	return all
}

// groupHolders returns the processes of a group, in words, that hold the file open that had this path
// when it was opened, without the first process, and whether that is one of them.
func groupHolders(group int, path string) (others []string, first bool) {
	eachOfGroup(group, func(folder string, _ []byte) {
		files, _ := filepath.Glob(filepath.Join(folder, "fd/*"))
		holds := slices.ContainsFunc(files, func(file string) bool {
			target, err := os.Readlink(file)
			return err == nil && strings.TrimSuffix(target, " (deleted)") == path
		})
		switch {
		case !holds:
		case filepath.Base(folder) == strconv.Itoa(group):
			first = true
		default:
			others = append(others, describeProcess(folder))
		}
	})
	return others, first
}

// describeProcess returns a process as in: sleep (process 123).
func describeProcess(folder string) string {
	name, _ := os.ReadFile(filepath.Join(folder, "comm"))
	return fmt.Sprintf("%s (process %s)", bytes.TrimSpace(name), filepath.Base(folder))
}

// eachOfGroup calls f with the /proc folder of each process of a group, and with its
// resident memory in pages.
func eachOfGroup(group int, f func(folder string, resident []byte)) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // the process has ended
		}
		// The second field, the command in parentheses, may contain any bytes, so the
		// fields are counted from its end: the third is the group, and the 22nd is the
		// resident memory in pages.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) >= 22 && string(fields[2]) == strconv.Itoa(group) {
			f(filepath.Dir(file), fields[21])
		}
	}
}
