package reference

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// DefaultMaxPacket is the largest body, in octets, that a reader takes unless told otherwise.
const DefaultMaxPacket = 64 << 20

// trusted is how many octets a declared length may cost before any of them came.
const trusted = 4 << 10

// A Reader reads packets from a stream.
type Reader struct {
	r      *bufio.Reader
	limit  uint64
	offset int64
}

// NewReader reads packets from r whose bodies are of at most maxPacket octets.
func NewReader(r io.Reader, maxPacket int) *Reader {
	return &Reader{r: bufio.NewReader(r), limit: uint64(max(0, maxPacket))}
}

// Offset is the number of octets of the packets read so far.
func (r *Reader) Offset() int64 { return r.offset }

// Next reads one packet, however the stream cuts it into pieces. The error is
// [io.EOF] if the stream ends between two packets, [ErrCut] if it ends inside one,
// a [*MalformedError], [ErrRange], [ErrTooLarge], or what the stream itself reports.
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
		return Packet{}, fmt.Errorf("%w: %d octets declared, at most %d taken", ErrTooLarge, length, r.limit)
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

// readBody reads n octets into memory that grows as they arrive. (BAD-4)
func readBody(r io.Reader, n int64) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(n, trusted)))
	_, err := io.CopyN(&body, r, n)
	if errors.Is(err, io.EOF) {
		return nil, ErrCut
	}
	return body.Bytes(), err
}
