package inprocess

import (
	"io"

	"github.com/packetspec/packetspec/reference"
)

// A codec is what the laws of the codec are held against. Errors are the reference's.
type codec struct {
	appendInteger func([]byte, uint64) []byte
	decodeInteger func([]byte) (v uint64, n int, err error)
	encode        func(reference.Packet, []byte) ([]byte, error)
	decode        func([]byte) (p reference.Packet, n int, err error)
	equal         func(p, q reference.Packet) bool
	reader        func(r io.Reader, maxPacket int) packetReader
}

// A packetReader reads packets from a stream.
type packetReader interface {
	Next() (reference.Packet, error)
	Offset() int64 // where the next packet begins
}

// referenceCodec is the reference's own.
func referenceCodec() codec {
	return codec{
		appendInteger: reference.AppendBSUInt,
		decodeInteger: reference.DecodeBSUInt,
		encode:        reference.Packet.AppendBinary,
		decode:        reference.Decode,
		equal:         reference.Packet.Equal,
		reader: func(r io.Reader, maxPacket int) packetReader {
			return reference.NewReader(r, maxPacket)
		},
	}
}
