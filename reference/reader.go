package reference

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// DefaultMaxPacket is the largest body, in octets, that a connection accepts without
// [WithMaxPacket]. BAD-4 requires at least 1 MiB.
const DefaultMaxPacket = 64 << 20

// trusted is the number of bytes that a reader allocates for a declared length before
// any octet of the body arrives.
const trusted = 4 << 10

// A Reader reads packets from a stream. One goroutine at a time may use it.
type Reader struct {
	r      *bufio.Reader
	limit  uint64 // of a body, in octets
	offset int64  // of the next packet
}

// NewReader returns a Reader of r that accepts bodies of at most maxPacket octets. It
// buffers, so it may read more of r than the packets that Next returns.
func NewReader(r io.Reader, maxPacket int) *Reader {
	return &Reader{r: bufio.NewReader(r), limit: uint64(max(0, maxPacket))}
}

// Offset returns the number of octets that the packets read so far took.
func (r *Reader) Offset() int64 { return r.offset }

// Next reads and returns one packet, which the stream may deliver in pieces of any
// size. The error is [io.EOF] if the stream ends between two packets, [ErrCut] if it
// ends inside one, a [*MalformedError], [ErrRange], [ErrTooLarge], or the stream's own
// error. After an error Next must not be called again: where the next packet begins is
// unknown.
func (r *Reader) Next() (Packet, error) {
	length, prefix, err := readBSUInt(r.r)
	switch {
	case errors.Is(err, io.EOF) && prefix == 0:
		return Packet{}, io.EOF
	case errors.Is(err, io.EOF):
		return Packet{}, ErrCut
	case err != nil:
		return Packet{}, err
	case length > r.limit:
		return Packet{}, fmt.Errorf("%w: %d octets declared, at most %d allowed", ErrTooLarge, length, r.limit)
	}
	body, err := readBody(r.r, int64(length))
	if err != nil {
		return Packet{}, err
	}
	p, err := decodeBody(body)
	var malformed *MalformedError
	if errors.As(err, &malformed) {
		malformed.Offset = r.offset
	}
	if err != nil {
		return Packet{}, err
	}
	r.offset += prefix + int64(length)
	return p, nil
}

// readBody reads n octets into a buffer that grows as they arrive. A declared length alone
// makes it allocate no more than trusted. (BAD-4)
func readBody(r io.Reader, n int64) ([]byte, error) {
	small := make([]byte, min(n, trusted))
	_, err := io.ReadFull(r, small)
	body := bytes.NewBuffer(small)
	if more := n - int64(len(small)); err == nil && more > 0 {
		_, err = io.CopyN(body, r, more)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, ErrCut
	}
	return body.Bytes(), err
}
