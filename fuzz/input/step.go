package input

// Private is the channel of the private packets. It is one that nobody uses, whose number
// takes two octets.
const Private = 1<<14 - 1

// An Op says what a frame of an input does.
type Op uint64

// The operations. All but Write are tags of private packets.
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

// Decoders lists the response decoders that a local request may ask for, in the words of the
// adapter protocol, by the low two bits of its step's flags.
var Decoders = [4]string{"", "reverse", "raise", "flags"}

// The bits of the flags of a private packet.
const (
	DecoderBits = 3
	Late        = 4 // request: wait at the end only
	Blocking    = 1 // shutdown
	NoHandler   = 1 // options
	Grace       = 2 // options: the default one, not 0
)

// Op returns what a frame does.
func (f Frame) Op() Op {
	if f.Shape == Whole && !f.Packet.IsRequest && f.Packet.Channel == Private && !f.Beyond {
		if op := Op(f.Packet.Tag); op > Write && op <= lastOp {
			return op
		}
		return lastOp + 1 // which does nothing
	}
	return Write
}

// A Local holds the fields of a local request.
type Local struct {
	Type, Flags, Channel uint64 // Type is the one that the requester asks for
	Payload              []byte
}

// Local returns the local request that a step asks for. If ok is false, its payload has no
// such fields, or has some that not every implementation can write.
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

// Step returns the private packet of an operation.
func Step(op Op, flags uint64, payload []byte) []byte {
	return Packet{Channel: Private, Tag: uint64(op), Flags: flags, Payload: payload}.Octets()
}

// Asks returns the private packet of a local request.
func Asks(l Local, flags uint64) []byte {
	var payload []byte
	for _, v := range []uint64{l.Type, l.Flags, l.Channel} {
		payload = AppendInteger(payload, v, 0)
	}
	return Step(Request, flags, append(payload, l.Payload...))
}

// MaxLarge is the largest size, in octets, that an input may ask of the standard handler's
// type large. The adapter guide allows 64 MiB, which would take a campaign too long.
const MaxLarge = 99_999
