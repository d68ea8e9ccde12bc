package mutant

import (
	"bytes"
	"math/big"
	"slices"
)

// encode writes a packet: its length and its body.
func (m mutation) encode(p packet) []byte {
	body := m.encodeBody(p)
	length := len(body)
	switch {
	case m.has("length-of-payload"):
		length = len(p.payload)
	case m.has("length-counts-itself"):
		length++
	}
	var octets []byte
	if m.has("length-padded") {
		octets = append(octets, 0x80)
	}
	octets = m.appendInteger(octets, big.NewInt(int64(length)))
	return append(octets, body...)
}

func (m mutation) encodeBody(p packet) []byte {
	tag := m.appendInteger(nil, p.tag)
	word := m.appendInteger(nil, m.word(p))
	var channel, rqType []byte
	if m.flagsChannel(p) && !m.has("channel-flag-alone") || p.channel.Sign() != 0 && m.has("channel-without-flag") {
		channel = m.appendInteger(nil, m.writtenChannel(p.channel))
	}
	if m.writesType(p) {
		rqType = m.appendInteger(nil, m.writtenType(p.rqType))
	}
	if m.has("word-before-tag") {
		tag, word = word, tag
	}
	if m.has("type-before-channel") {
		channel, rqType = rqType, channel
	}
	return slices.Concat(tag, word, channel, rqType, m.writtenPayload(p.payload))
}

// word is the flags, with the bits that say which fields there are.
func (m mutation) word(p packet) *big.Int {
	flags, shift := p.flags, uint(2)
	requestBit, channelBit := 1, 0
	switch {
	case m.has("word-bits-swapped"):
		requestBit, channelBit = 0, 1
	case m.has("word-flags-shifted-by-3"):
		shift = 3
	case flags.Sign() != 0 && m.has("word-flags-unshifted"):
		shift = 0
	case flags.BitLen() > 5 && m.has("word-flags-in-5-bits"):
		flags = low(flags, 5)
	case flags.BitLen() > 32 && m.has("word-flags-in-32-bits"):
		flags = low(flags, 32)
	}
	w := new(big.Int).Lsh(flags, shift)
	if p.isRequest != m.has("word-request-bit-inverted") {
		w.SetBit(w, requestBit, 1)
	}
	if m.flagsChannel(p) {
		w.SetBit(w, channelBit, 1)
	}
	return w
}

// flagsChannel reports whether has_channel is set.
func (m mutation) flagsChannel(p packet) bool {
	if p.channel.Sign() != 0 {
		return !m.has("channel-unwritten") && !m.has("channel-without-flag")
	}
	return m.has("channel-0-written") ||
		p.isRequest && m.has("channel-0-written-in-requests") ||
		!p.isRequest && m.has("channel-0-written-in-responses")
}

func (m mutation) writtenChannel(channel *big.Int) *big.Int {
	switch {
	case channel.BitLen() > 8 && m.has("channel-in-8-bits"):
		return low(channel, 8)
	case channel.BitLen() > 16 && m.has("channel-in-16-bits"):
		return low(channel, 16)
	}
	return channel
}

func (m mutation) writesType(p packet) bool {
	if !p.isRequest {
		return m.has("type-in-responses")
	}
	return !m.has("type-unwritten") && (p.rqType.Sign() != 0 || !m.has("type-0-unwritten"))
}

func (m mutation) writtenType(rqType *big.Int) *big.Int {
	switch {
	case rqType.BitLen() > 8 && m.has("type-in-8-bits"):
		return low(rqType, 8)
	case rqType.BitLen() > 31 && m.has("type-in-31-bits"):
		return low(rqType, 31)
	}
	return rqType
}

func (m mutation) writtenPayload(payload []byte) []byte {
	switch {
	case len(payload) > 127 && m.has("payload-cut-at-127"):
		return payload[:127]
	case len(payload) > 16383 && m.has("payload-cut-at-16383"):
		return payload[:16383]
	case len(payload) > 65535 && m.has("payload-cut-at-65535"):
		return payload[:65535]
	case bytes.IndexByte(payload, 0) >= 0 && m.has("payload-ends-at-nul"):
		return payload[:bytes.IndexByte(payload, 0)]
	case !isASCII(payload) && m.has("payload-as-text"):
		return []byte(fromLatin1(payload))
	}
	return payload
}
