package mutant

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// A mutation is the one fault that an implementation has. It is asked for by name
// where the fault acts, and only where it makes a difference: what is never asked for
// while a scenario runs cannot change it, as a [Probe] tells.
type mutant struct {
	fault    string    // empty: none
	coverage *Coverage // nil: nobody wants to know
}

func (m mutant) has(fault string) bool {
	if m.coverage != nil {
		m.coverage.add(fault)
	}
	return m.fault == fault
}

// unless is one clause of a condition, of which the fault makes nothing.
func (m mutant) unless(fault string, clause bool) bool { return clause || m.has(fault) }

// A Probe notes which faults an implementation without one is asked for.
type Coverage struct {
	mu      sync.Mutex
	reached map[string]bool
}

func (p *Coverage) add(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reached == nil {
		p.reached = make(map[string]bool)
	}
	p.reached[fault] = true
}

// Asked are the names of the faults that were asked for so far.
func (p *Coverage) Reached() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.reached))
}

// Forget forgets what was asked for so far.
func (p *Coverage) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.reached)
}

// A Fault is one planted error.
type Fault struct {
	Name        string // accepted by [New]
	Requirement string // id of the requirement that the fault breaks
	Symptom     Symptom
	Text        string // what the mutant does wrong, in words that follow "the mutant"
}

// A Symptom is how a fault shows in a scenario that detects it.
type Symptom int

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

func isFault(name string) bool {
	return slices.ContainsFunc(Faults(), func(f Fault) bool { return f.Name == name })
}

// shownNear is how many names an error shows.
const shownNear = 5

// near are the names of the faults that are nearest to a name that is none.
func nearestFaults(name string) (names []string) {
	for _, f := range Faults() {
		names = append(names, f.Name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return distance(a, name) - distance(b, name) })
	return names[:shownNear]
}

// distance is how many words two names do not share, and how many letters, which
// weigh less.
func distance(a, b string) int {
	words := strings.Split(a, "-")
	others := strings.Split(b, "-")
	unshared := 0
	for _, w := range words {
		if !slices.Contains(others, w) {
			unshared++
		}
	}
	for _, w := range others {
		if !slices.Contains(words, w) {
			unshared++
		}
	}
	return 4*unshared + edits(a, b)
}

// edits is the number of letters to put in, take out or change that make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
