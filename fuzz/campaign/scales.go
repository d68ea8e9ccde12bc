package campaign

import (
	"fmt"

	"github.com/packetspec/packetspec/fuzz/judge"
)

// scales watch what a process has: what is over costs neither memory nor files, so that it
// does not grow for ever with the inputs that it has heard. (BAD-4, BAD-5)
type scales struct {
	subject       *subject
	grown         func(*Case, judge.Difference)
	memory, files scale
}

const (
	weighEvery = 500 // inputs
	settled    = 1000
	// mayGrow is by how much a process may grow that has settled, in octets: a good deal
	// more than the largest payloads that are under way at once.
	mayGrow = 512 << 20
	// mayOpen is how many more files it may have open: four for each connection that is
	// under way, waits or is stuck, and some. One that leaves a file open for each
	// connection has more by far, since the files it may have grow by half as many.
	mayOpen = 3 << 10
)

// look weighs the process now and then, before it hears its input number n.
func (w *scales) look(n int, c *Case) {
	if n < settled || n%weighEvery != 0 {
		return
	}
	if octets, ok := w.subject.Memory(); ok && w.memory.isOver(octets, mayGrow) {
		w.tell(c, "memory grows", "as large", fmt.Sprintf("%d MiB, after %d MiB", octets>>20, w.memory.first>>20))
	}
	if files, ok := w.subject.Descriptors(); ok && w.files.isOver(int64(files), int64(mayOpen+n/2)) {
		w.tell(c, "files stay open", "with about as many files open", fmt.Sprintf("%d files, after %d", files, w.files.first))
	}
}

func (w *scales) tell(c *Case, kind, stays, came string) {
	w.grown(c, judge.Difference{
		Requirement: "BAD-5", Kind: kind, Came: came,
		Expected: fmt.Sprintf("the process to stay %s as it was after its first inputs", stays),
	})
}

// A scale watches one thing.
type scale struct {
	first int64 // 0: nothing was weighed yet
	told  bool
}

// isOver reports, once, that a weight is more than it may be above the first.
func (s *scale) isOver(weight, may int64) bool {
	switch {
	case s.first == 0:
		s.first = weight
	case !s.told && weight > s.first+may:
		s.told = true
		return true
	}
	return false
}
