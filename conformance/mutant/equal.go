package mutant

import "bytes"

// equal compares two packets. The type of a response does not count.
func (m mutation) equal(a, b packet) bool {
	return m.unless("equal-ignores-kind", a.isRequest == b.isRequest) &&
		m.unless("equal-ignores-channel", a.channel.Cmp(b.channel) == 0) &&
		m.unless("equal-ignores-tag", a.tag.Cmp(b.tag) == 0) &&
		m.unless("equal-ignores-flags", a.flags.Cmp(b.flags) == 0) &&
		(!m.comparesType(a) || a.rqType.Cmp(b.rqType) == 0) &&
		m.equalPayloads(a, b) &&
		!m.has("equal-never")
}

func (m mutation) comparesType(p packet) bool {
	switch {
	case m.has("equal-ignores-type"):
		return false
	case m.has("equal-compares-type-of-responses"):
		return true
	}
	return p.isRequest
}

func (m mutation) equalPayloads(a, b packet) bool {
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
