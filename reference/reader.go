package reference

import (
	"errors"
	"fmt"
	"io"
)

// DefaultMaxPacket is the largest body, in octets, that a connection receives or sends
// without [WithMaxPacket]. BAD-4 requires at least 1 MiB.
const DefaultMaxPacket = 16 << 20

const (
	// readSize is the size, in bytes, of a Reader's buffer: a quarter of what a pipe
	// holds, since there may be many connections.
	readSize = 16 << 10
	// growth bounds what a Reader allocates for a large body, as a multiple of the octets
	// of it that have arrived: a payload of 1 MiB takes one allocation.
	growth = 65
	// slabSize is the size, in bytes, of the memory that payloads of at most slabbed octets
	// share. A handler that keeps one of them keeps all.
	slabSize, slabbed = 2 << 10, 256
	// emptyReads is how many reads in a row may bring nothing, as in package bufio.
	emptyReads = 100
)

// A Reader reads packets from a stream. One goroutine at a time may use it.
type Reader struct {
	r      io.Reader
	limit  uint64 // of a body, in octets
	offset int64  // of the next packet
	buf    []byte // buf[start:] is unread
	start  int
	slab   []byte // memory for small payloads
	broken bool   // the stream has failed, not ended
}

// NewReader returns a Reader of r that accepts bodies of at most maxPacket octets. It
// buffers, so it may read more of r than the packets that Next returns.
func NewReader(r io.Reader, maxPacket int) *Reader {
	return &Reader{r: r, limit: uint64(max(0, maxPacket)), buf: make([]byte, 0, readSize)}
}

// Offset returns the number of octets that the packets read so far took.
func (r *Reader) Offset() int64 { return r.offset }

// Next reads and returns one packet, which the stream may deliver in pieces of any
// size. The payload belongs to the caller. The error is [io.EOF] if the stream ends
// between two packets, [ErrCut] if it ends inside one, a [*MalformedError], [ErrRange],
// [ErrTooLarge], or the stream's own error. After an error Next must not be called again:
// where the next packet begins is unknown.
func (r *Reader) Next() (p Packet, err error) {
	length, prefix := bsuint(r.buf[r.start:])
	r.start += max(0, prefix)
	if prefix <= 0 {
		if length, prefix, err = r.readLength(); err == io.EOF && prefix == 0 { //nolint:errorlint // only the very value means a clean end
			return p, err
		}
	}
	if err == nil && length > r.limit {
		err = fmt.Errorf("%w: %d octets declared, at most %d allowed", ErrTooLarge, length, r.limit)
	}
	var body []byte
	if err == nil {
		body, err = r.body(int(length))
	}
	if err == nil {
		err = p.decodeBody(body)
	}
	if err != nil {
		return Packet{}, r.explain(err)
	}
	if len(body) <= readSize {
		p.Payload = r.clone(p.Payload)
	}
	r.offset += int64(prefix) + int64(length)
	return p, nil
}

// explain returns the error of Next for an error inside a packet. The end of the stream is
// a cut, and a cause that came with it stays visible.
func (r *Reader) explain(err error) error {
	malformed := (*MalformedError)(nil)
	switch {
	case err == io.EOF: //nolint:errorlint // without a cause
		return ErrCut
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrCut, err)
	case errors.As(err, &malformed):
		malformed.Offset = r.offset
	}
	return err
}

// readLength reads an integer and returns it with the number of octets it took. Unlike
// bsuint, it reads one that is longer than the buffer.
func (r *Reader) readLength() (v uint64, n int, err error) {
	for {
		if r.start == len(r.buf) {
			if err := r.fill(); err != nil {
				return 0, n, err
			}
		}
		octet := r.buf[r.start]
		r.start++
		n++
		if v>>57 != 0 {
			return 0, n, errOverflow
		}
		if v = v<<7 | uint64(octet&0x7f); octet < 0x80 {
			return v, n, nil
		}
	}
}

// body reads a body. If it fits into the buffer, it is valid until the next read. A larger
// one has memory of its own, which grows as the octets arrive: a declared length alone
// allocates nothing. (BAD-4)
func (r *Reader) body(size int) ([]byte, error) {
	for len(r.buf)-r.start < min(size, readSize) {
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	if size <= readSize {
		r.start += size
		return r.buf[r.start-size : r.start], nil
	}
	body := r.buf[r.start:]
	for len(body) < size {
		larger := make([]byte, min(size, growth*len(body)))
		for n := copy(larger, body); n < len(larger); {
			m, err := r.read(larger[n:])
			if err != nil {
				return nil, err
			}
			n += m
		}
		body = larger
	}
	r.buf, r.start = r.buf[:0], 0
	return body, nil
}

// fill reads more octets behind those that are unread.
func (r *Reader) fill() error {
	unread := copy(r.buf[:readSize], r.buf[r.start:])
	r.start = 0
	n, err := r.read(r.buf[unread:readSize])
	r.buf = r.buf[:unread+n]
	return err
}

// read reads at least one octet, and no error with it: an error will come again.
func (r *Reader) read(b []byte) (n int, err error) {
	for range emptyReads {
		if n, err = r.r.Read(b); n > 0 {
			return n, nil
		}
		if err != nil {
			r.broken = !errors.Is(err, io.EOF)
			return 0, err
		}
	}
	r.broken = true
	return 0, io.ErrNoProgress
}

// clone returns a copy of a payload.
func (r *Reader) clone(payload []byte) []byte {
	n := len(payload)
	switch {
	case n == 0:
		return []byte{}
	case n > slabbed:
		return append(make([]byte, 0, n), payload...)
	case n > len(r.slab):
		r.slab = make([]byte, slabSize)
	}
	own := r.slab[:n:n]
	r.slab = r.slab[n:]
	copy(own, payload)
	return own
}
