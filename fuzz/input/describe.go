package input

import "fmt"

// Describe returns an input in words, one line for each frame.
func Describe(raw []byte) (lines []string) {
	for _, f := range Frames(raw) {
		lines = append(lines, f.String())
	}
	return lines
}

// String returns what a frame is or does, in words.
func (f Frame) String() string {
	p := f.Packet
	switch f.Op() {
	case Write:
		meaning := [...]string{Whole: p.String(), Short: "a body too short for its fields", Cut: "octets that stop inside a packet"}
		return fmt.Sprintf("peer     %s  %s", Hex(f.Octets), meaning[f.Shape])
	case Await:
		return "peer     waits until everything that is due has come"
	case Request:
		l, ok := f.Local()
		if !ok {
			return "subject  (a request that cannot be made)"
		}
		s := fmt.Sprintf("subject  requests type %d", l.Type)
		if l.Flags != 0 {
			s += fmt.Sprintf(", flags %#x", l.Flags)
		}
		if l.Channel != 0 {
			s += fmt.Sprintf(", channel %d", l.Channel)
		}
		if len(l.Payload) > 0 {
			s += ", payload " + Words(l.Payload)
		}
		if d := Decoders[p.Flags&DecoderBits]; d != "" {
			s += fmt.Sprintf(", decoded by %q", d)
		}
		if p.Flags&Late != 0 {
			s += ", and waits at the end"
		}
		return s
	case Release:
		return fmt.Sprintf("subject  releases the handlers that wait at gate %s", Words(p.Payload))
	case Shutdown:
		if p.Flags&Blocking != 0 {
			return "subject  shuts down, blocking"
		}
		return "subject  shuts down"
	case Options:
		s := "subject  has the standard handler"
		if p.Flags&NoHandler != 0 {
			s = "subject  has no request handler"
		}
		if p.Flags&Grace != 0 {
			s += ", and the default grace"
		}
		return s
	case Segment:
		if p.Flags == 0 {
			return "peer     writes what follows later"
		}
		return fmt.Sprintf("peer     writes what follows in two pieces, the first of %d octets", p.Flags)
	case Close:
		return "peer     closes its sending pipe"
	}
	return "(nothing)"
}

// shownOctets is how many octets of a frame Hex returns: two lines, more or less.
const shownOctets = 48

// Hex returns octets in hex. It cuts long sequences.
func Hex(b []byte) string {
	if len(b) > shownOctets {
		const last = shownOctets / 4
		return fmt.Sprintf("% x … % x (%d octets)", b[:shownOctets-last], b[len(b)-last:], len(b))
	}
	return fmt.Sprintf("% x", b)
}

// Show returns a packet as octets, with its meaning in parentheses.
func Show(p Packet) string { return fmt.Sprintf("%s (%s)", Hex(p.Octets()), p) }
