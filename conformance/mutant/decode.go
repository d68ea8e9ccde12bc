package mutant

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
)

var (
	errCut         = errors.New("the octets stop inside a packet")
	errCutInLength = fmt.Errorf("%w, in its length", errCut)
	errHuge        = errors.New("the octets stop inside a packet that could not be") // a fault's
	errMalformed   = errors.New("malformed packet")
)

// maxLength bounds what is taken for the length of a packet. What is beyond can
// never come.
var maxLength = new(big.Int).Lsh(one, 62)

// readPacket reads one packet and tells of how many octets it was. The error is
// [io.EOF] if there are no octets at all; else it wraps errCut or errMalformed. It
// takes no more memory than octets come.
func (m mutation) readPacket(in *bufio.Reader) (p packet, octets int, err error) {
	length, octets, err := m.readLength(in)
	if err != nil {
		return packet{}, octets, err
	}
	body, err := m.readBody(in, length)
	if err != nil {
		return packet{}, octets, err
	}
	octets += int(length)
	p, err = m.parseBody(body)
	if err != nil && m.has("short-body-reads-on") {
		beyond, _ := in.Peek(in.Buffered())
		p, err = m.parseBody(append(body, beyond...))
	}
	return p, octets, err
}

func (m mutation) readLength(in *bufio.Reader) (length int64, octets int, err error) {
	if m.has("length-of-one-read") {
		forgetCutLength(in)
	}
	v, octets, err := m.readInteger(in)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && m.has("cut-length-crashes"):
		panic("the octets stop inside a length")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return 0, octets, errCutInLength
	case errors.Is(err, errOverlong):
		return 0, octets, errMalformed
	case err != nil:
		return 0, octets, err
	case octets > 1 && v.BitLen() <= 7 && m.has("length-overlong-refused"):
		return 0, octets, errMalformed
	}
	if v.BitLen() > 32 && m.has("length-in-32-bits") {
		v = low(v, 32)
	}
	if v.Cmp(maxLength) > 0 {
		return 0, octets, fmt.Errorf("%w: a length of %d", errMalformed, v)
	}
	return v.Int64(), octets, nil
}

// forgetCutLength drops the beginning of a length where a read of the stream ended.
func forgetCutLength(in *bufio.Reader) {
	for {
		next, err := in.Peek(1)
		if err != nil || next[0] < 0x80 || in.Buffered() > 1 {
			return
		}
		_, _ = in.Discard(1)
	}
}

// readBody reads so many octets. Their place grows as they come.
func (m mutation) readBody(in *bufio.Reader, length int64) ([]byte, error) {
	switch {
	case length > 1<<20 && m.has("length-allocated-crashes"):
		return fill(in, make([]byte, length))
	case length > 1<<20 && length <= 1<<28 && m.has("length-allocated"):
		return fill(in, bytes.Repeat([]byte{0xff}, int(length))) // memory counts once it is written to
	case (int64(in.Buffered()) < length || length > 1<<20) && m.has("body-of-one-read"):
		body := make([]byte, min(length, 1<<20))
		n, err := in.Read(body)
		return body[:n], asCut(err)
	}
	var body bytes.Buffer
	_, err := io.CopyN(&body, in, length)
	missing := length - int64(body.Len())
	switch {
	case missing == 0:
	case m.has("body-cut-accepted"):
		err = nil
	case missing < 1<<20 && m.has("body-cut-filled"), missing == 1 && m.has("cut-response-answers"):
		_, _ = body.Write(make([]byte, missing))
		err = nil
	case length > 1<<40 && m.has("huge-length-overlooked"):
		return nil, errHuge
	}
	if body.Len() > 65536 && m.has("body-in-65536-octets") {
		body.Truncate(65536)
	}
	return body.Bytes(), asCut(err)
}

// fill reads as many octets as body has.
func fill(in io.Reader, body []byte) ([]byte, error) {
	_, err := io.ReadFull(in, body)
	return body, asCut(err)
}

func asCut(err error) error {
	if err != nil {
		return errCut
	}
	return nil
}
