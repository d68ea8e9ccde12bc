package input

// A Shape is what becomes of a reader at some octets.
type Shape int

// The shapes.
const (
	Whole Shape = iota // a packet
	Short              // a body too short for its fields
	Cut                // the octets stop inside a packet
)

// A Frame is what one length announces, or what is left of a stream.
type Frame struct {
	Octets []byte
	Shape  Shape
	Packet Packet // if whole; its payload shares memory with Octets
	// Beyond: an integer, or what is there of it, is more than every implementation
	// handles, which may refuse the packet then. (INT-5)
	Beyond bool
	Length uint64 // the declared one, or what is there of it
	// The octets of the integers, if whole: where each begins, and where the payload does.
	Tag, Word, Channel, Type, Payload int
}

// Read takes the first frame of b.
func Read(b []byte) Frame {
	length, n, over := CutInteger(b)
	if n == 0 || over || length > uint64(len(b)-n) {
		return Frame{Octets: b, Shape: Cut, Beyond: over || length > MaxInteger, Length: length}
	}
	end := n + int(length)
	f := Frame{Octets: b[:end:end], Length: length, Tag: n}
	body := f.Octets
	at := n
	field := func() (v uint64) {
		v, n, over := CutInteger(body[at:])
		if n == 0 && f.Shape == Whole {
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
	if f.Shape == Short {
		f.Packet = Packet{}
	}
	return f
}

// Frames cuts a stream into frames, which are the stream again when put together. What
// follows a frame that stops too soon belongs to it.
func Frames(raw []byte) (frames []Frame) {
	for len(raw) > 0 {
		f := Read(raw)
		frames = append(frames, f)
		raw = raw[len(f.Octets):]
	}
	return frames
}

// Join is the stream that consists of frames.
func Join(frames []Frame) (raw []byte) {
	for _, f := range frames {
		raw = append(raw, f.Octets...)
	}
	return raw
}
