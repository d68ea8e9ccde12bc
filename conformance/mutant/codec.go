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

// encode returns the octets of a packet: its length and its body.
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
	return append(m.appendInteger(octets, big.NewInt(int64(length))), body...)
}

func (m mutant) encodeBody(p packet) []byte {
	tag := m.appendInteger(nil, p.tag)
	word := m.appendInteger(nil, m.word(p))
	var channel, rqType []byte
	if m.flagsChannel(p) && !m.has("channel-flag-alone") || p.channel.Sign() != 0 && m.has("channel-without-flag") {
		channel = m.appendInteger(nil, m.keepBits(m.keepBits(p.channel, 8, "channel-in-8-bits"), 16, "channel-in-16-bits"))
	}
	if m.writesType(p) {
		rqType = m.appendInteger(nil, m.keepBits(m.keepBits(p.rqType, 8, "type-in-8-bits"), 31, "type-in-31-bits"))
	}
	if m.has("word-before-tag") {
		tag, word = word, tag
	}
	if m.has("type-before-channel") {
		channel, rqType = rqType, channel
	}
	return slices.Concat(tag, word, channel, rqType, m.writtenPayload(p.payload))
}

// word returns the flags, with is_request and has_channel below them.
func (m mutant) word(p packet) *big.Int {
	flags := m.keepBits(m.keepBits(p.flags, 5, "word-flags-in-5-bits"), 32, "word-flags-in-32-bits")
	shift := uint(2)
	requestBit, channelBit := 1, 0
	switch {
	case m.has("word-bits-swapped"):
		requestBit, channelBit = 0, 1
	case m.has("word-flags-shifted-by-3"):
		shift = 3
	case flags.Sign() != 0 && m.has("word-flags-unshifted"):
		shift = 0
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

// flagsChannel reports whether to set has_channel.
func (m mutant) flagsChannel(p packet) bool {
	if p.channel.Sign() != 0 {
		return !m.has("channel-unwritten") && !m.has("channel-without-flag")
	}
	return m.has("channel-0-written") ||
		p.isRequest && m.has("channel-0-written-in-requests") ||
		!p.isRequest && m.has("channel-0-written-in-responses")
}

func (m mutant) writesType(p packet) bool {
	if !p.isRequest {
		return m.has("type-in-responses")
	}
	return !m.has("type-unwritten") && (p.rqType.Sign() != 0 || !m.has("type-0-unwritten"))
}

func (m mutant) writtenPayload(payload []byte) []byte {
	payload = m.keepOctets(payload, 127, "payload-cut-at-127")
	payload = m.keepOctets(payload, 16383, "payload-cut-at-16383")
	payload = m.keepOctets(payload, 65535, "payload-cut-at-65535")
	switch {
	case bytes.IndexByte(payload, 0) >= 0 && m.has("payload-ends-at-nul"):
		return payload[:bytes.IndexByte(payload, 0)]
	case !isASCII(payload) && m.has("payload-as-text"):
		return fromLatin1(payload)
	}
	return payload
}

var (
	errCut         = errors.New("the octets stop inside a packet")
	errCutInLength = fmt.Errorf("%w, in its length", errCut)
	errHuge        = errors.New("the octets stop inside a packet of impossible length") // only with a fault
	errMalformed   = errors.New("malformed packet")
)

// maxLength bounds the length of a packet, in octets, so that it fits into an int64. No
// stream can carry more.
var maxLength = new(big.Int).Lsh(one, 62)

// readPacket reads one packet and returns it with its length in octets. The error is
// [io.EOF] at the end of the octets; otherwise it wraps errCut or errMalformed. The memory
// it uses grows only with the octets that arrive.
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
	v = m.keepBits(v, 32, "length-in-32-bits")
	if v.Cmp(maxLength) > 0 {
		return 0, octets, fmt.Errorf("%w: a length of %d", errMalformed, v)
	}
	return v.Int64(), octets, nil
}

// forgetCutLength drops the start of a length if a read of the stream ended inside it.
func forgetCutLength(in *bufio.Reader) {
	for {
		next, err := in.Peek(1)
		if err != nil || next[0] < 0x80 || in.Buffered() > 1 {
			return
		}
		_, _ = in.Discard(1)
	}
}

// readBody reads length octets into a buffer that grows as they arrive.
func (m mutant) readBody(in *bufio.Reader, length int64) ([]byte, error) {
	switch {
	case length > 1<<20 && m.has("length-allocated-crashes"):
		return fill(in, make([]byte, length))
	case length > 1<<20 && length <= 1<<28 && m.has("length-allocated"):
		return fill(in, bytes.Repeat([]byte{0xff}, int(length))) // written to, so that it counts as used
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
	return m.keepOctets(body.Bytes(), 65536, "body-in-65536-octets"), asCut(err)
}

// fill reads octets until body is full, and returns it.
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

// parseBody reads the fields of a body. The remaining octets are the payload.
func (m mutant) parseBody(body []byte) (packet, error) {
	f := &fieldReader{mutant: m, rest: bytes.NewReader(body)}
	p := packet{channel: zero, rqType: zero}
	p.tag = m.keepBits(f.next(), 32, "tag-read-in-32-bits")
	p.tagOctets = len(body) - f.rest.Len()
	word := f.next()
	p.flags = new(big.Int).Rsh(word, 2)
	if m.has("word-flags-read-shifted-by-1") {
		p.flags = new(big.Int).Rsh(word, 1)
	}
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

// A fieldReader reads the integers of a body. After an error it returns zeros.
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
	switch {
	case err == nil:
		return v
	case !f.has("short-body-of-zeros"):
		f.err = errMalformed
	}
	return zero
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
	payload = m.keepOctets(payload, 65535, "payload-read-cut-at-65535")
	switch {
	case len(payload) > 0 && m.has("payload-read-without-last-octet"):
		return payload[:len(payload)-1]
	case len(bytes.TrimSpace(payload)) < len(payload) && m.has("payload-read-stripped"):
		return bytes.TrimSpace(payload)
	}
	return payload
}
