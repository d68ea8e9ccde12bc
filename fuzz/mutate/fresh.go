package mutate

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// fresh returns a new packet or step, or a few that belong together.
func (m *mutation) fresh() []byte {
	switch m.chance.IntN(36) {
	case 0, 1, 2, 3, 4, 5, 6:
		return m.request().Octets()
	case 7, 8, 9:
		return m.hold().Octets()
	case 10, 11, 12, 13:
		return m.response().Octets()
	case 14:
		return input.Packet{IsRequest: true}.Octets()
	case 15: // a malformed EOF packet
		p := input.Packet{IsRequest: true}
		switch m.chance.IntN(4) {
		case 0:
			p.Tag = m.tag()
		case 1:
			p.Flags = 1 + m.chance.Uint64N(3)
		case 2:
			p.Payload = m.payload()
		default:
			p.Channel = m.channel()
		}
		return p.Octets()
	case 16, 17, 18:
		return input.Step(input.Await, 0, nil)
	case 19, 20, 21, 22, 23:
		return input.Asks(m.ask(), []uint64{0, 0, 0, 1, 2, 3, 4}[m.chance.IntN(7)])
	case 24, 25:
		return input.Step(input.Release, 0, []byte(m.gate()))
	case 26, 27:
		return input.Step(input.Shutdown, m.chance.Uint64N(2), nil)
	case 28:
		return input.Step(input.Options, []uint64{0, 1, 1, 2}[m.chance.IntN(4)], nil)
	case 29:
		return input.Step(input.Close, 0, nil)
	case 30, 31, 32, 33:
		return m.exchange()
	case 34: // text of every width
		p := m.request()
		p.Type, p.Payload = adapter.TypeText.Wire(), []byte(texts[m.chance.IntN(len(texts))])
		return p.Octets()
	}
	return m.many()
}

// texts have characters of each width in UTF-8, and octets that are not UTF-8.
var texts = []string{"a", "é", "€", "𝄞", "a\u0301€𝄞", "\xed\xa0\x80", "\xe9", "\xf0\x9d\x84", "\xc0\x80", "\xef\xbb\xbfa", "", "'\""}

// exchange returns a local request and a response with what may be its tag.
func (m *mutation) exchange() []byte {
	l := m.ask()
	raw := input.Asks(l, []uint64{0, 0, 1, 2, 3, 4}[m.chance.IntN(6)])
	p := m.response()
	p.Tag, p.Channel = uint64(m.count(input.Request)+1), l.Channel
	if m.chance.IntN(2) == 0 {
		p.Flags = m.chance.Uint64N(16)
	}
	if m.chance.IntN(4) == 0 {
		p.Payload = nil
	}
	return append(raw, p.Octets()...)
}

// many returns many requests of one kind: of the local user, or of the peer, which may use
// one of their tags again.
func (m *mutation) many() []byte {
	if m.chance.IntN(3) == 0 {
		raw := input.Asks(m.ask(), 0)
		return bytes.Repeat(raw, []int{2, 3, 5, 9, 17, 40, 130}[m.chance.IntN(7)]) // 130: a tag takes two octets
	}
	p := m.request()
	if m.chance.IntN(2) == 0 {
		p = input.Packet{IsRequest: true, Type: adapter.TypeCall.Wire(), Payload: []byte("n")}
	}
	n := []int{2, 3, 5, 9, 17, 40, 130}[m.chance.IntN(56)/9]
	switch {
	case n < 130, p.Type == adapter.TypeLarge.Wire(): // 1,200 answers could have 120 MB
	case p.Type == adapter.TypeCall.Wire():
		n = 64 // the plan lets no more wait for the peer (BID-3)
	case m.chance.IntN(2) == 0:
		n = 1200
	}
	var raw []byte
	for i := range n {
		p.Tag = 100 + uint64(i)
		raw = append(raw, p.Octets()...)
	}
	if m.chance.IntN(4) == 0 {
		p.Tag = 100 + m.chance.Uint64N(uint64(n))
		raw = append(raw, p.Octets()...)
	}
	return raw
}

// count returns how many frames do what op does.
func (m *mutation) count(op input.Op) (n int) {
	for _, f := range m.frames {
		if f.Op() == op {
			n++
		}
	}
	return n
}

func (m *mutation) request() input.Packet {
	p := input.Packet{IsRequest: true, Tag: m.tag(), Type: 1 + m.rqType()}
	if m.chance.IntN(8) == 0 {
		p.Channel = m.channel()
	}
	if m.chance.IntN(3) == 0 || p.Type == adapter.TypeFlags.Wire() || p.Type == adapter.TypeBoth.Wire() {
		p.Flags = m.integer()
	}
	p.Payload = m.payload()
	switch p.Type {
	case adapter.TypeLarge.Wire():
		p.Payload = []byte([]string{"0", "1", "127", "128", "251", "16383", "16384", "65535", "65536", "65537", "99999"}[m.chance.IntN(11)])
	case adapter.TypeInvalid.Wire():
		p.Payload = []byte([]string{"float", "list3", "int-str", "negative"}[m.chance.IntN(4)])
	}
	return p
}

// hold returns a request of the peer whose handler waits at a gate.
func (m *mutation) hold() input.Packet {
	return input.Packet{IsRequest: true, Tag: m.tag(), Type: adapter.TypeHold.Wire(), Payload: []byte(m.gate())}
}

// response returns a response of the peer, mostly with a tag that is in flight.
func (m *mutation) response() input.Packet {
	p := input.Packet{Tag: 1 + m.chance.Uint64N(uint64(2+m.count(input.Request))), Flags: 1, Payload: m.payload()}
	switch m.chance.IntN(8) {
	case 0:
		p.Flags = 0
	case 1:
		p.Flags = m.integer()
	case 2:
		p.Flags = 2 * m.chance.Uint64N(64)
	case 3:
		p.Tag = m.tag()
	}
	if m.chance.IntN(6) == 0 {
		p.Channel = m.channel()
	}
	return p
}

func (m *mutation) ask() input.Local {
	l := input.Local{Type: m.rqType(), Payload: m.payload()}
	if m.chance.IntN(3) == 0 {
		l.Flags = m.integer()
	}
	if m.chance.IntN(5) == 0 {
		l.Channel = m.channel()
	}
	return l
}

// tag returns a tag, mostly one that is in the input or a small one.
func (m *mutation) tag() uint64 {
	switch m.chance.IntN(8) {
	case 0:
		return m.integer()
	case 1, 2, 3, 4:
		if len(m.frames) > 0 {
			if f := m.frames[m.chance.IntN(len(m.frames))]; f.Op() == input.Write && f.Shape == input.Whole {
				return f.Packet.Tag
			}
		}
	}
	return m.chance.Uint64N(6)
}

// channel returns a channel, mostly 5: requests meet on few.
func (m *mutation) channel() uint64 {
	return []uint64{0, 1, 5, 5, 5, 300, 0x10005, 1<<32 + 5}[m.chance.IntN(8)]
}

// rqType returns a type as requesters know it, mostly one of the standard handler.
func (m *mutation) rqType() uint64 {
	switch m.chance.IntN(16) {
	case 0:
		return m.integer()
	case 1:
		return 255
	}
	return m.chance.Uint64N(12)
}

// gate returns the name of a gate, one of two.
func (m *mutation) gate() string { return "gh"[m.chance.IntN(2):][:1] }

// integer returns an integer near a boundary of some representation, or a small one.
func (m *mutation) integer() uint64 {
	if m.chance.IntN(3) == 0 {
		return m.chance.Uint64N(128)
	}
	boundary := uint64(1) << []int{4, 5, 6, 7, 8, 14, 16, 21, 28, 31, 32, 35, 42, 53, 56, 60, 61, 62, 63}[m.chance.IntN(19)]
	switch m.chance.IntN(4) {
	case 0:
		return boundary - 1
	case 1:
		return boundary
	}
	return boundary + m.chance.Uint64N(8)
}

// payloads are some that implementations confuse with others, or with something else: empty
// ones, zeros and spaces, characters that are not UTF-8, digits, packets.
var payloads = []string{
	"", "", "a", "b", "hello", "g", "\x00", "a\x00b", " a ", "\x80", "\xff\xfe", "ü", "€", "𝄞", "é\"'", "0", "\x00\x00\x01",
	"\xed\xa0\x80", "\xe9", "\x03\x00\x02\x00",
}

// payload returns one of payloads, or random octets, or a long one, at the length where a
// length or a buffer may grow.
func (m *mutation) payload() []byte {
	switch m.chance.IntN(48) {
	case 0:
		return []byte(strings.Repeat("x", []int{126, 127, 128, 129, 251, 300}[m.chance.IntN(6)]))
	case 1:
		if m.chance.IntN(3) == 0 {
			return []byte(strings.Repeat("y", []int{1025, 4097, 8193, 16383, 16384, 32769, 65535, 65536, 65537, 70000}[m.chance.IntN(10)]))
		}
		return []byte(strconv.Itoa(m.chance.IntN(1000)))
	case 2, 3, 4, 5:
		b := make([]byte, m.chance.IntN(12))
		for i := range b {
			b[i] = byte(m.chance.Uint32())
		}
		return b
	}
	return []byte(payloads[m.chance.IntN(len(payloads))])
}
