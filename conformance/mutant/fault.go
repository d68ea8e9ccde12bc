package mutant

import (
	"maps"
	"math/big"
	"slices"
	"sync"
)

// A mutant holds the one fault of the implementation. The code checks for a fault by name
// where the fault acts, and only where it changes the result. If the check of a fault never
// runs during a scenario, the fault cannot change that scenario; a [Coverage] shows this.
type mutant struct {
	fault    string    // empty: none
	coverage *Coverage // nil: not recorded
}

// has reports whether the mutant has the fault, and records that the fault was reached.
func (m mutant) has(fault string) bool {
	if m.coverage != nil {
		m.coverage.add(fault)
	}
	return m.fault == fault
}

// keepBits returns v or, with the fault and where v is longer, its low bits.
func (m mutant) keepBits(v *big.Int, bits int, fault string) *big.Int {
	if v.BitLen() > bits && m.has(fault) {
		return lowBits(v, bits)
	}
	return v
}

// keepOctets returns b or, with the fault and where b is longer, its first n octets.
func (m mutant) keepOctets(b []byte, n int, fault string) []byte {
	if len(b) > n && m.has(fault) {
		return b[:n]
	}
	return b
}

// A Coverage records the faults whose checks have run, whether or not the mutant has them.
// Its zero value is empty, and it may be used concurrently.
type Coverage struct {
	mu      sync.Mutex
	reached map[string]bool
}

func (c *Coverage) add(fault string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reached == nil {
		c.reached = make(map[string]bool)
	}
	c.reached[fault] = true
}

// Reached returns the names of the faults reached since the last [Coverage.Reset], sorted.
func (c *Coverage) Reached() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.reached))
}

// Reset forgets all faults reached so far.
func (c *Coverage) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.reached)
}

// A Fault is one planted error.
type Fault struct {
	Name        string // accepted by [New]
	Requirement string // id of the requirement that the fault breaks
	Symptom     Symptom
	Text        string // what the mutant does wrong, in words that follow "the mutant"
}

// A Symptom says how a fault shows in a scenario that detects it.
type Symptom int

// The symptoms.
const (
	// WrongOutput means that wrong octets or a wrong reply arrive. A scenario that detects
	// such a fault only by its timeout is slow, and its message says less than it could.
	WrongOutput Symptom = iota
	Hangs               // something never arrives, so only a timeout can detect the fault
	Crashes             // the process ends, so the mutant needs a process of its own
)

// Faults returns all faults, by topic.
func Faults() []Fault { return slices.Concat(faults, laterFaults) }

// Later reports whether the fault belongs to the later dialect. The mutant with such a
// fault speaks that dialect.
func (f Fault) Later() bool {
	return slices.ContainsFunc(laterFaults, func(g Fault) bool { return g.Name == f.Name })
}
