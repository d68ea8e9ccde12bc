package packettext

import (
	"bufio"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/packetspec/packetspec/reference"
)

// AppendJSON appends a packet to b as one JSON object, without a line break. A response has no
// rq_type.
func AppendJSON(b []byte, p reference.Packet) []byte {
	b = appendHead(b, p)
	b = hex.AppendEncode(b, p.Payload)
	return append(b, `"}`...)
}

// appendHead appends what precedes the hex of the payload.
func appendHead(b []byte, p reference.Packet) []byte {
	b = strconv.AppendBool(append(b, `{"is_request":`...), p.IsRequest)
	b = strconv.AppendUint(append(b, `,"channel":"`...), p.Channel, 10)
	b = strconv.AppendUint(append(b, `","tag":"`...), p.Tag, 10)
	b = strconv.AppendUint(append(b, `","flags":"`...), p.Flags, 10)
	if p.IsRequest {
		b = strconv.AppendUint(append(b, `","rq_type":"`...), p.Type, 10)
	}
	return append(b, `","payload":"`...)
}

// WriteJSON writes a packet as a line, without a copy of the payload.
func WriteJSON(w *bufio.Writer, p reference.Packet) error {
	_, _ = w.Write(appendHead(w.AvailableBuffer(), p)) // the Writer keeps its first error
	_ = WriteHex(w, p.Payload)
	_, err := w.WriteString("\"}\n")
	return err
}

// WriteHex writes octets in hex, without a copy of them all.
func WriteHex(w *bufio.Writer, octets []byte) error {
	for part := range slices.Chunk(octets, chunk/4) {
		if w.Available() < hex.EncodedLen(len(part)) {
			if err := w.Flush(); err != nil {
				return err
			}
		}
		if _, err := w.Write(hex.AppendEncode(w.AvailableBuffer(), part)); err != nil {
			return err
		}
	}
	return nil
}
