package conformance_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/reference"
)

// codecFaults are those of packets by themselves.
var codecFaults = []fault{
	{"integers are little-endian", "INT-1", "", encodes(writer{integer: binary.AppendUvarint})},
	{"integers are written overlong", "INT-2", "", encodes(writer{integer: func(b []byte, v uint64) []byte {
		return reference.AppendBSUInt(append(b, 0x80), v)
	}})},
	{"overlong integers are refused", "INT-3", "", decodes(func(_ []byte, p adapter.Packet, n int) (adapter.Packet, int, error) {
		if shortest, err := reencode(p); err == nil && len(shortest) < n {
			return p, 0, adapter.Errorf(adapter.Malformed, "overlong")
		}
		return p, n, nil
	})},
	{"integers have 32 bits", "INT-4", "", decodes(func(_ []byte, p adapter.Packet, n int) (adapter.Packet, int, error) {
		for _, field := range []*adapter.Integer{&p.Channel, &p.Tag, &p.Flags, &p.RqType} {
			if v, err := field.Uint64(); err == nil && *field != "" {
				*field = adapter.Int(v & (1<<32 - 1))
			}
		}
		return p, n, nil
	})},
	{"integers wrap", "INT-5", "", func(f *faulty) { f.decode = decodeModulo64 }},

	{"the type comes before the channel", "ENC-1", "", encodes(writer{typeFirst: true})},
	{"the length counts itself", "ENC-1", "", encodes(writer{lengthOfAll: true})},
	{"the low bits of the word are swapped", "ENC-2", "", encodes(writer{swapBits: true})},
	{"the flags are not shifted in the word", "ENC-2", "", encodes(writer{flagsUnshifted: true})},
	{"a channel is not written", "ENC-3", "", encodes(writer{noChannel: true})},
	{"the channel 0 is written", "ENC-4", "", encodes(writer{channelAlways: true})},
	{"a response is written with a type", "ENC-5", "", encodes(writer{typeAlways: true})},
	{"a payload ends at its first zero", "ENC-6", "", func(f *faulty) {
		f.encode = func(p adapter.Packet) ([]byte, error) {
			p.Payload, _, _ = bytes.Cut(p.Payload, []byte{0})
			return f.Implementation.Encode(p)
		}
	}},

	{"everything is consumed", "DEC-1", "", decodes(func(b []byte, p adapter.Packet, _ int) (adapter.Packet, int, error) {
		return p, len(b), nil
	})},
	{"has_channel with channel 0 is refused", "DEC-2", "", decodes(func(b []byte, p adapter.Packet, n int) (adapter.Packet, int, error) {
		_, rest := cutInteger(b)
		_, rest = cutInteger(rest)
		if word, _ := cutInteger(rest); word&1 == 1 && p.Channel == "0" {
			return p, 0, adapter.Errorf(adapter.Malformed, "has_channel, but no channel")
		}
		return p, n, nil
	})},
	{"octets that stop too soon are filled up", "DEC-3", "", func(f *faulty) {
		f.decode = func(b []byte) (p adapter.Packet, n int, err error) {
			for range 20 {
				if p, n, err = f.Implementation.Decode(b); adapter.KindOf(err) != adapter.Incomplete {
					break
				}
				b = append(b[:len(b):len(b)], 0)
			}
			return p, n, err
		}
	}},
	{"a short body has zeros for what it lacks", "DEC-4", "", func(f *faulty) {
		f.decode = func(b []byte) (adapter.Packet, int, error) {
			p, n, err := f.Implementation.Decode(b)
			if adapter.KindOf(err) == adapter.Malformed {
				return adapter.Packet{Channel: "0", Tag: "0", Flags: "0", Payload: adapter.Hex{}}, len(b), nil
			}
			return p, n, err
		}
	}},
	{"each read is taken for whole packets", "DEC-5", "", opens(func(l *link) {
		l.afterRead = func(rest []byte) {
			if len(rest) > 0 {
				l.inner.EndSending()
			}
		}
	})},

	{"flags do not count for equality", "EQ-1", "", equals(func(a, b *adapter.Packet) { b.Flags = a.Flags })},
	{"the payload does not count for equality", "EQ-1", "", equals(func(a, b *adapter.Packet) { b.Payload = a.Payload })},
	{"the type of a request does not count for equality", "EQ-1", "", equals(func(a, b *adapter.Packet) { b.RqType = a.RqType })},
	{"the type of a response counts for equality", "EQ-2", "", func(f *faulty) {
		f.equal = func(a, b adapter.Packet) bool {
			equal, _ := f.Implementation.Equal(a, b)
			return equal && a.RqType == b.RqType
		}
	}},
	{"a text has the whole payload", "TXT-1", "", func(f *faulty) {
		f.text = func(p adapter.Packet) string {
			return fmt.Sprintf("Packet(%v,channel=%s,tag=%s,flags=%s,payload=%q)", p.IsRequest, p.Channel, p.Tag, p.Flags, []byte(p.Payload))
		}
	}},
}

func encodes(w writer) func(*faulty) {
	return func(f *faulty) { f.encode = w.encode }
}

// decodes hooks into what the reference has decoded.
func decodes(hook func(b []byte, p adapter.Packet, n int) (adapter.Packet, int, error)) func(*faulty) {
	return func(f *faulty) {
		f.decode = func(b []byte) (adapter.Packet, int, error) {
			p, n, err := f.Implementation.Decode(b)
			if err != nil {
				return p, n, err
			}
			return hook(b, p, n)
		}
	}
}

// equals makes two packets alike before they are compared.
func equals(alike func(a, b *adapter.Packet)) func(*faulty) {
	return func(f *faulty) {
		f.equal = func(a, b adapter.Packet) bool {
			alike(&a, &b)
			equal, _ := f.Implementation.Equal(a, b)
			return equal
		}
	}
}

// A writer writes packets, in as many wrong ways as one likes.
type writer struct {
	integer        func([]byte, uint64) []byte // nil: as it should be
	typeFirst      bool
	lengthOfAll    bool
	swapBits       bool
	flagsUnshifted bool
	noChannel      bool
	channelAlways  bool
	typeAlways     bool
}

func (w writer) encode(p adapter.Packet) ([]byte, error) {
	if w.integer == nil {
		w.integer = reference.AppendBSUInt
	}
	var fields [4]uint64
	for i, field := range []adapter.Integer{p.Tag, p.Flags, p.Channel, p.RqType} {
		v, err := field.Uint64()
		if err != nil {
			return nil, err
		}
		fields[i] = v
	}
	tag, word, channel, rqType := fields[0], fields[1]<<2, fields[2], fields[3]
	if w.flagsUnshifted {
		word = fields[1]
	}
	hasChannel := channel != 0 && !w.noChannel || w.channelAlways
	request, has := uint64(2), uint64(1)
	if w.swapBits {
		request, has = has, request
	}
	if p.IsRequest {
		word |= request
	}
	if hasChannel {
		word |= has
	}
	body := w.integer(w.integer(nil, tag), word)
	if w.typeFirst && p.IsRequest {
		body = w.integer(body, rqType)
	}
	if hasChannel {
		body = w.integer(body, channel)
	}
	if p.IsRequest && !w.typeFirst || w.typeAlways && !p.IsRequest {
		body = w.integer(body, rqType)
	}
	body = append(body, p.Payload...)
	length := len(body)
	if w.lengthOfAll {
		length++
	}
	return append(w.integer(nil, uint64(length)), body...), nil
}

func reencode(p adapter.Packet) ([]byte, error) { return writer{}.encode(p) }

// cutInteger reads an integer of which it is known that it is whole.
func cutInteger(b []byte) (v uint64, rest []byte) {
	v, n, _ := reference.DecodeBSUInt(b)
	return v, b[n:]
}

// decodeModulo64 takes an integer beyond 64 bits for what is left of it.
func decodeModulo64(b []byte) (adapter.Packet, int, error) {
	p, n, err := peer.Decode(b)
	if err != nil {
		return adapter.Packet{}, 0, adapter.Errorf(adapter.Malformed, "%v", err)
	}
	low := func(v *big.Int) adapter.Integer {
		return adapter.Int(new(big.Int).And(v, new(big.Int).SetUint64(1<<64-1)).Uint64())
	}
	q := adapter.Packet{IsRequest: p.IsRequest, Channel: low(p.Channel), Tag: low(p.Tag), Flags: low(p.Flags), Payload: p.Payload}
	if p.IsRequest {
		q.RqType = low(p.Type)
	}
	return q, n, nil
}
