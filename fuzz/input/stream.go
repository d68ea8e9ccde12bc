package input

// A Shape says what a reader makes of a frame.
type Shape int

// The shapes.
const (
	Whole Shape = iota // a packet
	Short              // a body too short for its fields
	Cut                // octets that stop inside a packet
)

// A Frame is a length and the octets that it declares, or the rest of a stream that has too
// few of them.
type Frame struct {
	Octets []byte
	Shape  Shape
	Packet Packet // if Shape is Whole; its payload shares memory with Octets
	// Beyond says that an integer, as far as it is there, is above [MaxInteger], so that an
	// implementation may refuse the packet. (INT-5)
	Beyond bool
	Length uint64 // as declared, as far as it is there
	// Where the integers and the payload begin in Octets, if Shape is Whole.
	Tag, Word, Channel, Type, Payload int
}

// Read returns the first frame of b.
func Read(b []byte) Frame {
	length, n, over := CutInteger(b)
	f := Frame{Length: length, Tag: n, Beyond: over || length > MaxInteger}
	if n == 0 || over || length > uint64(len(b)-n) {
		f.Octets, f.Shape = b, Cut
	} else {
		end := n + int(length)
		f.Octets = b[:end:end]
	}
	body := f.Octets
	at := n
	missing := n == 0 // an integer, so that nothing follows
	field := func() (v uint64) {
		if missing {
			return 0
		}
		v, n, over := CutInteger(body[at:])
		if missing = n == 0; missing && f.Shape == Whole {
			f.Shape = Short
		}
		f.Beyond = f.Beyond || over
		at += n
		return v
	}
	p := &f.Packet
	p.Tag = field()
	f.Word = at
	word := field()
	p.Flags = word >> 2
	p.IsRequest = word&2 != 0
	f.Channel = at
	if word&1 != 0 {
		p.Channel = field()
	}
	f.Type = at
	if p.IsRequest {
		p.Type = field()
	}
	f.Payload = at
	p.Payload = body[at:]
	f.Beyond = f.Beyond || p.Tag > MaxInteger || p.Flags > MaxInteger || p.Channel > MaxInteger || p.Type > MaxInteger
	if f.Shape != Whole {
		f.Packet = Packet{}
	}
	return f
}

// Frames cuts a stream into frames. Joined, they are the stream again.
func Frames(raw []byte) (frames []Frame) {
	for len(raw) > 0 {
		f := Read(raw)
		frames = append(frames, f)
		raw = raw[len(f.Octets):]
	}
	return frames
}

// Join returns the stream that consists of frames.
func Join(frames []Frame) (raw []byte) {
	for _, f := range frames {
		raw = append(raw, f.Octets...)
	}
	return raw
}
