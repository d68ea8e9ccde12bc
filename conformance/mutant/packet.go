package mutant

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
)

// A packet is a packet of the protocol. Its integers are never nil and never change in place.
type packet struct {
	isRequest                   bool
	channel, tag, flags, rqType *big.Int // rqType: the wire type; 0 for a response
	payload                     []byte
	tagOctets                   int  // length of the tag as it was read
	writesChannel0              bool // it was read with has_channel and channel 0
}

var (
	zero = new(big.Int)
	one  = big.NewInt(1)
)

// eof is the packet that ends a stream.
var eof = packet{isRequest: true, channel: zero, tag: zero, flags: zero, rqType: zero}

// A requestKey is what a request and its response have in common.
type requestKey struct{ channel, tag string }

func (p packet) key() requestKey { return requestKey{p.channel.String(), p.tag.String()} }

// equal reports whether two packets are equal. It ignores the type of a response.
func (m mutant) equal(a, b packet) bool {
	return (a.isRequest == b.isRequest || m.has("equal-ignores-kind")) &&
		(a.channel.Cmp(b.channel) == 0 || m.has("equal-ignores-channel")) &&
		(a.tag.Cmp(b.tag) == 0 || m.has("equal-ignores-tag")) &&
		(a.flags.Cmp(b.flags) == 0 || m.has("equal-ignores-flags")) &&
		(a.rqType.Cmp(b.rqType) == 0 || !m.comparesType(a)) &&
		m.equalPayloads(a, b) &&
		!m.has("equal-never")
}

func (m mutant) comparesType(p packet) bool {
	switch {
	case m.has("equal-ignores-type"):
		return false
	case m.has("equal-compares-type-of-responses"):
		return true
	}
	return p.isRequest
}

func (m mutant) equalPayloads(a, b packet) bool {
	switch {
	case m.has("equal-ignores-payload"), m.has("equal-ignores-payload-of-requests") && a.isRequest:
		return true
	case m.has("equal-compares-lengths-of-payloads"):
		return len(a.payload) == len(b.payload)
	case m.has("equal-compares-common-payload"):
		n := min(len(a.payload), len(b.payload))
		return bytes.Equal(a.payload[:n], b.payload[:n])
	}
	return bytes.Equal(a.payload, b.payload)
}

// shownPayload is the number of payload octets in the text form; SPEC.md, TXT-1, sets it.
const shownPayload = 16

func (m mutant) text(p packet) string {
	kind := "False"
	if p.isRequest {
		kind = "True"
	}
	if m.has("text-lower-case") {
		kind = strings.ToLower(kind)
	}
	flags := fmt.Sprintf("0x%02x", p.flags)
	switch {
	case m.has("text-flags-decimal"):
		flags = p.flags.String()
	case m.has("text-flags-of-one-digit"):
		flags = fmt.Sprintf("%#x", p.flags)
	}
	return fmt.Sprintf("Packet(is_request=%s,channel=%d,tag=%d,flags=%s,payload=%s)",
		kind, p.channel, p.tag, flags, m.payloadText(p.payload))
}

func (m mutant) payloadText(payload []byte) string {
	switch {
	case len(payload) <= shownPayload || m.has("text-payload-whole"):
		return m.pythonLiteral(payload)
	case m.has("text-without-ellipsis"):
		return m.pythonLiteral(payload[:shownPayload])
	}
	return m.pythonLiteral(payload[:shownPayload]) + "..."
}

// pythonLiteral returns octets as Python shows them.
func (m mutant) pythonLiteral(octets []byte) string {
	quote := byte('\'')
	if bytes.IndexByte(octets, '\'') >= 0 && bytes.IndexByte(octets, '"') < 0 && !m.has("text-quotes-alike") {
		quote = '"'
	}
	escapes := map[byte]string{
		quote: `\` + string(quote), '\\': `\\`, '\t': `\t`, '\n': `\n`, '\r': `\r`,
	}
	var s strings.Builder
	for _, b := range octets {
		switch escape, special := escapes[b]; {
		case special:
			s.WriteString(escape)
		case b < ' ' || b > '~':
			fmt.Fprintf(&s, `\x%02x`, b)
		default:
			s.WriteByte(b)
		}
	}
	return fmt.Sprintf("b%c%s%c", quote, s.String(), quote)
}
