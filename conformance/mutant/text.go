package mutant

import (
	"bytes"
	"fmt"
	"strings"
)

// shownPayload is how many octets of a payload the text form shows.
const shownPayload = 16

// text is the diagnostic text of a packet.
func (m mutation) text(p packet) string {
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

func (m mutation) payloadText(payload []byte) string {
	if len(payload) <= shownPayload || m.has("text-payload-whole") {
		return m.literal(payload)
	}
	if m.has("text-without-ellipsis") {
		return m.literal(payload[:shownPayload])
	}
	return m.literal(payload[:shownPayload]) + "..."
}

// literal is octets as Python writes them.
func (m mutation) literal(octets []byte) string {
	quote := byte('\'')
	if bytes.IndexByte(octets, '\'') >= 0 && bytes.IndexByte(octets, '"') < 0 && !m.has("text-quotes-alike") {
		quote = '"'
	}
	var s strings.Builder
	s.WriteByte('b')
	s.WriteByte(quote)
	for _, b := range octets {
		switch {
		case b == quote || b == '\\':
			s.WriteByte('\\')
			s.WriteByte(b)
		case b == '\t':
			s.WriteString(`\t`)
		case b == '\n':
			s.WriteString(`\n`)
		case b == '\r':
			s.WriteString(`\r`)
		case b < ' ' || b > '~':
			fmt.Fprintf(&s, `\x%02x`, b)
		default:
			s.WriteByte(b)
		}
	}
	s.WriteByte(quote)
	return s.String()
}
