package campaign

// scales watch the memory of a process: what is over costs none, so that a process does
// not grow for ever with the inputs that it has heard. (BAD-4, BAD-5)
type scales struct {
	subject *subject
	grown   func(c *Case, from, to int64)
	first   int64
	told    bool
}

const (
	weighEvery = 500 // inputs
	settled    = 1000
	// mayGrow is by how much a process may grow that has settled, in octets: a good deal
	// more than the largest payloads that are under way at once.
	mayGrow = 512 << 20
)

// look weighs the process now and then, before it hears its input number n.
func (w *scales) look(n int, c *Case) {
	if w.told || n < settled || n%weighEvery != 0 {
		return
	}
	octets, ok := w.subject.Memory()
	switch {
	case !ok:
	case w.first == 0:
		w.first = octets
	case octets > w.first+mayGrow:
		w.told = true
		w.grown(c, w.first, octets)
	}
}
