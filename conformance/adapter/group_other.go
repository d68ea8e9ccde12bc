//go:build unix && !linux

package adapter

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
)

// groupMemory returns the resident memory of the processes of a group, in bytes.
func groupMemory(group int) (n int64, ok bool) {
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
			n += kibibytes << 10
			ok = true
		}
	}
	return n, ok
}

// groupDescriptors returns false: this system does not show what files a process holds open.
func groupDescriptors(int) (n int, ok bool) { return 0, false }

// groupCPU returns false: this system does not show how long a process has waited for a CPU.
func groupCPU(int) (t CPUTime, ok bool) { return t, false }

// groupProcesses returns the processes of a group that have not ended, in words.
func groupProcesses(group int) (all []string) {
	table, err := exec.Command("ps", "-A", "-o", "pgid=,stat=,pid=,comm=").Output()
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(table) {
		fields := bytes.Fields(line)
		if len(fields) >= 4 && string(fields[0]) == strconv.Itoa(group) && fields[1][0] != 'Z' {
			all = append(all, fmt.Sprintf("%s (process %s)", fields[3], fields[2]))
		}
	}
	return all
}

// groupHolders returns nothing: this system does not show what files a process holds open.
func groupHolders(int, string) (others []string, first bool) { return nil, false }
