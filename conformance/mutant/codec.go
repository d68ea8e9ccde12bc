package mutant

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
)

// encode writes a packet: its length and its body.
func (m mutant) encode(p packet) []byte {
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

func (m mutant) encodeBody(p packet) []byte {
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
func (m mutant) word(p packet) *big.Int {
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
		flags = lowBits(flags, 5)
	case flags.BitLen() > 32 && m.has("word-flags-in-32-bits"):
		flags = lowBits(flags, 32)
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
func (m mutant) flagsChannel(p packet) bool {
	if p.channel.Sign() != 0 {
		return !m.has("channel-unwritten") && !m.has("channel-without-flag")
	}
	return m.has("channel-0-written") ||
		p.isRequest && m.has("channel-0-written-in-requests") ||
		!p.isRequest && m.has("channel-0-written-in-responses")
}

func (m mutant) writtenChannel(channel *big.Int) *big.Int {
	switch {
	case channel.BitLen() > 8 && m.has("channel-in-8-bits"):
		return lowBits(channel, 8)
	case channel.BitLen() > 16 && m.has("channel-in-16-bits"):
		return lowBits(channel, 16)
	}
	return channel
}

func (m mutant) writesType(p packet) bool {
	if !p.isRequest {
		return m.has("type-in-responses")
	}
	return !m.has("type-unwritten") && (p.rqType.Sign() != 0 || !m.has("type-0-unwritten"))
}

func (m mutant) writtenType(rqType *big.Int) *big.Int {
	switch {
	case rqType.BitLen() > 8 && m.has("type-in-8-bits"):
		return lowBits(rqType, 8)
	case rqType.BitLen() > 31 && m.has("type-in-31-bits"):
		return lowBits(rqType, 31)
	}
	return rqType
}

func (m mutant) writtenPayload(payload []byte) []byte {
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

var (
	errCut         = errors.New("the octets stop inside a packet")
	errCutInLength = fmt.Errorf("%w, in its length", errCut)
	errHuge        = errors.New("the octets stop inside a packet that could not be") // a fault's
	errMalformed   = errors.New("malformed packet")
)

// maxLength bounds what is taken for the length of a packet. What is beyond can
// never come.
var maxLength = new(big.Int).Lsh(one, 62)

// readPacket reads one packet and tells of how many octets it was. The error is
// [io.EOF] if there are no octets at all; else it wraps errCut or errMalformed. It
// takes no more memory than octets come.
func (m mutant) readPacket(in *bufio.Reader) (p packet, octets int, err error) {
	length, octets, err := m.readLength(in)
	if err != nil {
		return packet{}, octets, err
	}
	body, err := m.readBody(in, length)
	if err != nil {
		return packet{}, octets, err
	}
	octets += int(length)
	p, err = m.parseBody(body)
	if err != nil && m.has("short-body-reads-on") {
		beyond, _ := in.Peek(in.Buffered())
		p, err = m.parseBody(append(body, beyond...))
	}
	return p, octets, err
}

func (m mutant) readLength(in *bufio.Reader) (length int64, octets int, err error) {
	if m.has("length-of-one-read") {
		forgetCutLength(in)
	}
	v, octets, err := m.readInteger(in)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && m.has("cut-length-crashes"):
		panic("the octets stop inside a length")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return 0, octets, errCutInLength
	case errors.Is(err, errOverlong):
		return 0, octets, errMalformed
	case err != nil:
		return 0, octets, err
	case octets > 1 && v.BitLen() <= 7 && m.has("length-overlong-refused"):
		return 0, octets, errMalformed
	}
	if v.BitLen() > 32 && m.has("length-in-32-bits") {
		v = lowBits(v, 32)
	}
	if v.Cmp(maxLength) > 0 {
		return 0, octets, fmt.Errorf("%w: a length of %d", errMalformed, v)
	}
	return v.Int64(), octets, nil
}

// forgetCutLength drops the beginning of a length where a read of the stream ended.
func forgetCutLength(in *bufio.Reader) {
	for {
		next, err := in.Peek(1)
		if err != nil || next[0] < 0x80 || in.Buffered() > 1 {
			return
		}
		_, _ = in.Discard(1)
	}
}

// readBody reads so many octets. Their place grows as they come.
func (m mutant) readBody(in *bufio.Reader, length int64) ([]byte, error) {
	switch {
	case length > 1<<20 && m.has("length-allocated-crashes"):
		return fill(in, make([]byte, length))
	case length > 1<<20 && length <= 1<<28 && m.has("length-allocated"):
		return fill(in, bytes.Repeat([]byte{0xff}, int(length))) // memory counts once it is written to
	case (int64(in.Buffered()) < length || length > 1<<20) && m.has("body-of-one-read"):
		body := make([]byte, min(length, 1<<20))
		n, err := in.Read(body)
		return body[:n], asCut(err)
	}
	var body bytes.Buffer
	_, err := io.CopyN(&body, in, length)
	missing := length - int64(body.Len())
	switch {
	case missing == 0:
	case m.has("body-cut-accepted"):
		err = nil
	case missing < 1<<20 && m.has("body-cut-filled"), missing == 1 && m.has("cut-response-answers"):
		_, _ = body.Write(make([]byte, missing))
		err = nil
	case length > 1<<40 && m.has("huge-length-overlooked"):
		return nil, errHuge
	}
	if body.Len() > 65536 && m.has("body-in-65536-octets") {
		body.Truncate(65536)
	}
	return body.Bytes(), asCut(err)
}

// fill reads as many octets as body has.
func fill(in io.Reader, body []byte) ([]byte, error) {
	_, err := io.ReadFull(in, body)
	return body, asCut(err)
}

func asCut(err error) error {
	if err != nil {
		return errCut
	}
	return nil
}

// parseBody reads the fields of a body and takes what is left for the payload.
func (m mutant) parseBody(body []byte) (packet, error) {
	f := &fieldReader{mutant: m, rest: bytes.NewReader(body)}
	p := packet{channel: zero, rqType: zero}
	p.tag = m.readTag(f.next())
	p.tagOctets = len(body) - f.rest.Len()
	word := f.next()
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
		p.rqType = f.next()
	}
	if f.err != nil {
		return packet{}, f.err
	}
	p.payload = m.readPayload(body[len(body)-f.rest.Len():])
	return p, nil
}

// fields reads integers until one is missing.
type fieldReader struct {
	mutant
	rest *bytes.Reader
	err  error
}

func (f *fieldReader) next() *big.Int {
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

func (m mutant) readTag(tag *big.Int) *big.Int {
	if tag.BitLen() > 32 && m.has("tag-read-in-32-bits") {
		return lowBits(tag, 32)
	}
	return tag
}

func (m mutant) readFlags(word *big.Int) *big.Int {
	if m.has("word-flags-read-shifted-by-1") {
		return new(big.Int).Rsh(word, 1)
	}
	return new(big.Int).Rsh(word, 2)
}

func (m mutant) readChannel(f *fieldReader) *big.Int {
	before := f.rest.Len()
	channel := f.next()
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

func (m mutant) readPayload(payload []byte) []byte {
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
