package mutant

import (
	"bytes"
	"math/big"
)

// parseBody reads the fields of a body and takes what is left for the payload.
func (m mutation) parseBody(body []byte) (packet, error) {
	f := &fields{mutation: m, rest: bytes.NewReader(body)}
	p := packet{channel: zero, rqType: zero}
	p.tag = m.readTag(f.integer())
	p.tagOctets = len(body) - f.rest.Len()
	word := f.integer()
	p.flags = m.readFlags(word)
	p.isRequest = word.Bit(1) == 1
	hasChannel := word.Bit(0) == 1
	if p.isRequest != hasChannel && m.has("word-bits-read-swapped") {
		p.isRequest, hasChannel = hasChannel, p.isRequest
	}
	if hasChannel {
		p.channel = m.readChannel(f)
		p.writesChannel0 = p.channel.Sign() == 0
	}
	if p.isRequest {
		p.rqType = f.integer()
	}
	if f.err != nil {
		return packet{}, f.err
	}
	p.payload = m.readPayload(body[len(body)-f.rest.Len():])
	return p, nil
}

// fields reads integers until one is missing.
type fields struct {
	mutation
	rest *bytes.Reader
	err  error
}

func (f *fields) integer() *big.Int {
	if f.err != nil {
		return zero
	}
	v, _, err := f.readInteger(f.rest)
	if err != nil && f.has("short-body-of-zeros") {
		return zero
	}
	if err != nil {
		f.err = errMalformed
		return zero
	}
	return v
}

func (m mutation) readTag(tag *big.Int) *big.Int {
	if tag.BitLen() > 32 && m.has("tag-read-in-32-bits") {
		return low(tag, 32)
	}
	return tag
}

func (m mutation) readFlags(word *big.Int) *big.Int {
	if m.has("word-flags-read-shifted-by-1") {
		return new(big.Int).Rsh(word, 1)
	}
	return new(big.Int).Rsh(word, 2)
}

func (m mutation) readChannel(f *fields) *big.Int {
	before := f.rest.Len()
	channel := f.integer()
	switch {
	case channel.Sign() != 0 || f.err != nil:
	case m.has("channel-0-refused"):
		f.err = errMalformed
	case m.has("channel-0-left-unread"):
		_, _ = f.rest.Seek(int64(f.rest.Len()-before), 1)
	case m.has("channel-0-read-as-1"):
		return one
	}
	return channel
}

func (m mutation) readPayload(payload []byte) []byte {
	switch {
	case len(payload) > 0 && m.has("payload-read-without-last-octet"):
		return payload[:len(payload)-1]
	case len(payload) > 65535 && m.has("payload-read-cut-at-65535"):
		return payload[:65535]
	case len(bytes.TrimSpace(payload)) < len(payload) && m.has("payload-read-stripped"):
		return bytes.TrimSpace(payload)
	}
	return payload
}
