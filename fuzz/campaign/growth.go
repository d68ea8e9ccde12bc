package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/fuzz/judge"
)

// A growth weighs a process now and then while inputs run on it, and reports a leak: memory or
// files that grow with every input, for ever (BAD-5). The measures are those of the adapter's
// process group, so a subject's child processes count.
type growth struct {
	process       *process
	memory, files series
}

const (
	// weighEvery is after how many inputs a process is weighed. A weighing reads the table of all
	// processes of the system, which takes milliseconds: little beside 500 inputs.
	weighEvery = 500
	// weighFirst is the number of inputs before the first weighing: what a runtime sets up once,
	// such as threads, buffers and caches, has been set up by then.
	weighFirst = 1000
)

// newGrowth returns the growth of a process that was not weighed yet.
func newGrowth(p *process) *growth {
	return &growth{
		process: p,
		// 256 MiB: the payloads of all connections at once are 40 MiB at most, by the defaults of
		// InFlight, maxWaiting and Limit.
		memory: series{least: 256 << 20},
		// Four files for each connection that runs, waits or is stuck may be open at a time, by the
		// default of InFlight, maxWaiting and maxStuck.
		files: series{least: 3 << 10},
	}
}

// weigh weighs the process before its input number n and returns the leaks that this shows, each
// once.
func (g *growth) weigh(n int) (found []judge.Difference) {
	if n < weighFirst || n%weighEvery != 0 {
		return nil
	}
	if bytes, ok := g.process.Memory(); ok && g.memory.add(n, bytes) {
		found = append(found, judge.Difference{
			Requirement: "BAD-5", Kind: "memory grows", Expected: "the resident memory of the adapter's process group to level off",
			Came: "MiB, after how many inputs: " + g.memory.text(1<<20),
		})
	}
	if files, ok := g.process.Descriptors(); ok && g.files.add(n, int64(files)) {
		found = append(found, judge.Difference{
			Requirement: "BAD-5", Kind: "files stay open", Expected: "the number of open files of the adapter's process group to level off",
			Came: "files, after how many inputs: " + g.files.text(1),
		})
	}
	return found
}

// A series holds the weighings of one measure of one process, at equal numbers of inputs apart.
type series struct {
	least     int64 // growth in the first half that is too much
	weighings []weighing
	leaked    bool
}

type weighing struct {
	inputs int
	amount int64
}

const (
	// spans is how many parts of a series are compared. Six see growth in the first half, and
	// whether it goes on in two parts of the second.
	spans = 6
	// minWeighings is how many weighings a verdict takes, two for each span. A garbage collector
	// that frees nothing for longer than that looks like a leak.
	minWeighings = 2 * spans
)

// add adds a weighing. It reports, once, that the series is a leak.
//
// The lowest weight of a span is what nothing gave back: it ignores the teeth of a garbage
// collector, and a buffer that is freed. With m1 to m6 these weights, a leak is
//
//   - m4 - m1 above the least growth that counts, and
//   - m5 - m4 and m6 - m5 each at least three quarters of the average step from m1 to m4.
//
// So growth that levels off is no leak, unless its half-life is longer than the series and it
// levels off about 1 GiB up, four times the least; neither is growth by one or two steps, as of a
// cache that is filled.
func (s *series) add(inputs int, amount int64) (leaks bool) {
	s.weighings = append(s.weighings, weighing{inputs, amount})
	if s.leaked || len(s.weighings) < minWeighings {
		return false
	}
	var m [spans]int64
	for i := range m {
		span := s.weighings[i*len(s.weighings)/spans : (i+1)*len(s.weighings)/spans]
		m[i] = slices.MinFunc(span, func(a, b weighing) int { return int(a.amount - b.amount) }).amount
	}
	early := m[3] - m[0]                          // three steps
	late := min(m[4]-m[3], m[5]-m[4])             // one step
	s.leaked = early > s.least && 4*late >= early // 4 late >= 3 (early / 3)
	return s.leaked
}

// text returns every weighing in a unit, such as "23 (1000), 40 (1500)".
func (s *series) text(unit int64) string {
	var all []string
	for _, w := range s.weighings {
		all = append(all, fmt.Sprintf("%d (%d)", w.amount/unit, w.inputs))
	}
	return strings.Join(all, ", ")
}
