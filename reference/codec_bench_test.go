package reference_test

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"testing"

	"github.com/packetspec/packetspec/reference"
)

// The benchmarks of the codec stand beside the same packet with the integers of package
// encoding/binary.

func uvarintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// appendUvarints encodes a packet like [reference.Packet.AppendBinary], but for the
// integers, and without a check of their range.
func appendUvarints(p reference.Packet, b []byte) []byte {
	flags := p.Flags << 2
	if p.Channel != 0 {
		flags |= 1
	}
	if p.IsRequest {
		flags |= 2
	}
	size := uvarintLen(p.Tag) + uvarintLen(flags) + len(p.Payload)
	if p.Channel != 0 {
		size += uvarintLen(p.Channel)
	}
	if p.IsRequest {
		size += uvarintLen(p.Type)
	}
	b = binary.AppendUvarint(b, uint64(size))
	b = binary.AppendUvarint(b, p.Tag)
	b = binary.AppendUvarint(b, flags)
	if p.Channel != 0 {
		b = binary.AppendUvarint(b, p.Channel)
	}
	if p.IsRequest {
		b = binary.AppendUvarint(b, p.Type)
	}
	return append(b, p.Payload...)
}

var errShort = errors.New("short")

// decodeUvarints decodes what appendUvarints encodes. The payload shares memory with b.
func decodeUvarints(b []byte) (p reference.Packet, n int, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return p, 0, errShort
	}
	end := n + int(size)
	body := b[n:end:end]
	next := func() (v uint64) {
		v, n := binary.Uvarint(body)
		if n <= 0 {
			err = errShort
			return 0
		}
		body = body[n:]
		return v
	}
	p.Tag = next()
	flags := next()
	p.Flags, p.IsRequest = flags>>2, flags&2 != 0
	if flags&1 != 0 {
		p.Channel = next()
	}
	if p.IsRequest {
		p.Type = next()
	}
	p.Payload = body
	return p, end, err
}

func BenchmarkAppendUvarints(b *testing.B) {
	b.ReportAllocs()
	var buffer []byte
	for b.Loop() {
		buffer = appendUvarints(benchPacket, buffer[:0])
	}
}

func BenchmarkDecodeUvarints(b *testing.B) {
	octets := appendUvarints(benchPacket, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decodeUvarints(octets); err != nil {
			b.Fatal(err)
		}
	}
}

// endless is a stream of the same packets again and again.
type endless struct {
	octets []byte
	next   int
}

func (e *endless) Read(b []byte) (n int, err error) {
	for n < len(b) {
		m := copy(b[n:], e.octets[e.next:])
		n += m
		e.next = (e.next + m) % len(e.octets)
	}
	return n, nil
}

func BenchmarkReader(b *testing.B) {
	var octets []byte
	for tag := range 1000 {
		octets, _ = reference.Packet{IsRequest: true, Tag: uint64(tag), Type: 2, Payload: []byte("hello")}.AppendBinary(octets)
	}
	r := reference.NewReader(&endless{octets: octets}, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
