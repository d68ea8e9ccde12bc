package reference

// An outbox holds the encoded packets that the sender has not taken. Small packets share a
// chunk, so that one write sends them all. The rest of a large payload is a chunk of its
// own, which is not copied.
type outbox struct {
	batch
	open  bool     // further packets go into the last chunk
	spare [][]byte // the chunks of a batch that was written, of which the first is used again
	total uint64   // octets that were ever queued
	taken uint64   // of those, octets that the sender has taken
}

// A batch is what the sender writes at once.
type batch struct {
	chunks   [][]byte
	packets  int
	octets   int
	requests int // octets of local requests among them
	held     int // bytes that the responses among them count in the backlog
}

const (
	// inline is how many octets of a payload are copied into a shared chunk. A larger
	// payload saves the copy of the rest and costs a write. Copying 8 KiB takes less time
	// than a write to a pipe.
	inline = 8 << 10
	// chunkSize is the size, in bytes, at which a shared chunk is closed: the capacity of
	// a pipe on Linux.
	chunkSize = 64 << 10
	// mostSpare is the longest list of chunks that is used again.
	mostSpare = 64
)

// add queues a packet whose integers are in range. Nobody may change its payload before it
// was written.
func (o *outbox) add(p *Packet) {
	switch {
	case o.open:
	case o.chunks == nil && o.spare != nil:
		o.chunks, o.spare = o.spare[:1], nil
		o.chunks[0] = o.chunks[0][:0]
	default:
		o.chunks = append(o.chunks, nil)
	}
	last := &o.chunks[len(o.chunks)-1]
	before := len(*last)
	head := min(len(p.Payload), inline)
	*last = append(p.appendHeader(*last), p.Payload[:head]...)
	size := len(*last) - before + len(p.Payload) - head
	o.open = len(*last) < chunkSize
	if rest := p.Payload[head:]; len(rest) > 0 {
		o.chunks = append(o.chunks, rest)
		o.open = false
	}
	o.packets++
	o.octets += size
	o.total += uint64(size)
	if p.IsRequest {
		o.requests += size
	} else {
		o.held += cost(p.Payload)
	}
}

// take removes and returns what is queued.
func (o *outbox) take() batch {
	b := o.batch
	o.batch, o.open, o.taken = batch{}, false, o.total
	return b
}

// reuse keeps the chunks of a batch that was written for the next one. A batch may have none: Close takes what
// is queued, even after the sender has decided to write it.
func (o *outbox) reuse(chunks [][]byte) {
	if len(chunks) > 0 && cap(chunks) <= mostSpare && cap(chunks[0]) <= 2*chunkSize {
		clear(chunks[1:])
		o.spare = chunks
	}
}

// begun reports whether the sender has taken a part of a call's octets.
func (o *outbox) begun(call *Call) bool { return call.start < o.taken }
