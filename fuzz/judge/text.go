package judge

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/packetspec/packetspec/fuzz/input"
)

// text is the diagnostic text of a packet. (TXT-1)
func text(p input.Packet) string {
	truth := "False"
	if p.IsRequest {
		truth = "True"
	}
	more := ""
	payload := p.Payload
	if len(payload) > 16 {
		payload, more = payload[:16], "..."
	}
	return fmt.Sprintf("Packet(is_request=%s,channel=%d,tag=%d,flags=0x%02x,payload=b%s%s)", truth, p.Channel, p.Tag, p.Flags, literal(payload), more)
}

// literal is octets as Python writes them, without the b.
func literal(b []byte) string {
	quote := "'"
	if bytes.Contains(b, []byte("'")) && !bytes.Contains(b, []byte(`"`)) {
		quote = `"`
	}
	var s strings.Builder
	s.WriteString(quote)
	for _, c := range b {
		switch {
		case string(c) == quote && c < 0x80, c == '\\':
			s.WriteString(`\` + string(rune(c)))
		case c == '\t':
			s.WriteString(`\t`)
		case c == '\n':
			s.WriteString(`\n`)
		case c == '\r':
			s.WriteString(`\r`)
		case c < ' ', c > '~':
			fmt.Fprintf(&s, `\x%02x`, c)
		default:
			s.WriteByte(c)
		}
	}
	return s.String() + quote
}
