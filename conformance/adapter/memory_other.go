//go:build unix && !linux

package adapter

import (
	"bytes"
	"os/exec"
	"strconv"
)

// groupMemory is the memory in which the processes of a group reside, in octets.
func groupMemory(group int) (octets int64, ok bool) {
	table, err := exec.Command("ps", "-A", "-o", "pgid=,rss=").Output()
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(table) {
		fields := bytes.Fields(line)
		if len(fields) != 2 || string(fields[0]) != strconv.Itoa(group) {
			continue
		}
		kibibytes, err := strconv.ParseInt(string(fields[1]), 10, 64)
		if err == nil {
			octets += kibibytes << 10
			ok = true
		}
	}
	return octets, ok
}

// groupDescriptors is not to be seen here.
func groupDescriptors(int) (n int, ok bool) { return 0, false }
