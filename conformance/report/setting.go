package report

import (
	"os"
	"runtime"
	"time"
)

// Format is the version of the JSON form of results. It rises when a field gets another meaning
// or goes; new fields do not raise it.
const Format = 1

// A Setting says how a run was made.
type Setting struct {
	Began     time.Time `json:"began"`
	ElapsedMS float64   `json:"elapsed_ms"`
	Dialect   string    `json:"dialect"`
	// Seed made the order of the scenarios; 0: they ran in the order of the specification.
	Seed uint64 `json:"seed,omitempty"`
	// Counting is must, or every: the levels whose scenarios count.
	Counting string `json:"counting"`
	// Command starts the subject's adapter, as a shell reads it; empty: the built-in one.
	Command string `json:"command,omitempty"`
	// Flags are those of the command line, without --shard and what names files.
	Flags []string `json:"flags,omitempty"`
	// Shards are the parts that were run, such as 1/2; empty: the whole.
	Shards []string `json:"shards,omitempty"`
	Host   Host     `json:"host"`
}

// The values of Setting.Counting.
const (
	CountMust  = "must"
	CountEvery = "every"
)

// A Host is the machine of a run.
type Host struct {
	Name string `json:"name"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

// ThisHost returns the machine of this process.
func ThisHost() Host {
	name, err := os.Hostname()
	if err != nil {
		name = ""
	}
	return Host{Name: name, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
}
