package peer

// A stream is octets that come piece by piece, to be taken packet by packet.
type stream struct {
	octets []byte
	marked int // how many octets from the front on say that an integer goes on
}

func (s *stream) add(octets []byte) { s.octets = append(s.octets, octets...) }

// frame is how many octets the first packet has; 0: it is not whole yet. However its length
// is written, no octet of that is looked at again with each piece that comes.
func (s *stream) frame() int {
	for s.marked < len(s.octets) && s.octets[s.marked] >= 0x80 {
		s.marked++
	}
	if s.marked == len(s.octets) {
		return 0
	}
	_, whole := frame(s.octets)
	return whole
}

// drop takes n octets off the front.
func (s *stream) drop(n int) {
	s.octets = s.octets[n:]
	s.marked = 0
}
