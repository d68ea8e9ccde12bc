package input

// Private is the channel of the private packets.
const Private = 1<<14 - 1

// An Op is what a step does.
type Op uint64

// The operations; all but Write stand in private packets, as their tags.
const (
	Write Op = iota
	Await
	Request
	Release
	Shutdown
	Options
	Segment
	Close
	lastOp = Close
)

// Decoders are the response decoders that a request may ask for, by the low two bits of
// its flags, in the words of the adapter protocol.
var Decoders = [4]string{"", "reverse", "raise", "flags"}

// The bits of the flags of a private packet.
const (
	DecoderBits = 3
	Late        = 4 // request: wait at the end only
	Blocking    = 1 // shutdown
	NoHandler   = 1 // options
	Grace       = 2 // options: the default one, not 0
)

// Op is what a frame does.
func (f Frame) Op() Op {
	if f.Shape == Whole && !f.Packet.IsRequest && f.Packet.Channel == Private && !f.Beyond {
		if op := Op(f.Packet.Tag); op > Write && op <= lastOp {
			return op
		}
		return lastOp + 1 // nothing
	}
	return Write
}

// A Local is a request of the local user's, as the payload of its step has it.
type Local struct {
	Type, Flags, Channel uint64 // the caller's type
	Payload              []byte
}

// Local is what a request step asks for; ok is false if its payload does not tell, or
// asks for what not every implementation can write.
func (f Frame) Local() (l Local, ok bool) {
	rest := f.Packet.Payload
	for _, field := range []*uint64{&l.Type, &l.Flags, &l.Channel} {
		v, n, over := CutInteger(rest)
		if n == 0 || over || v >= MaxInteger {
			return Local{}, false
		}
		*field, rest = v, rest[n:]
	}
	l.Payload = rest
	return l, true
}

// Step is the private packet of an operation.
func Step(op Op, flags uint64, payload []byte) []byte {
	return Packet{Channel: Private, Tag: uint64(op), Flags: flags, Payload: payload}.Octets()
}

// Asks is the private packet of a local request.
func Asks(l Local, flags uint64) []byte {
	var payload []byte
	for _, v := range []uint64{l.Type, l.Flags, l.Channel} {
		payload = AppendInteger(payload, v, 0)
	}
	return Step(Request, flags, append(payload, l.Payload...))
}

// MaxLarge is how many octets a request of the standard handler's type large may ask for
// in an input.
const MaxLarge = 99_999
