package inprocess

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// Laws of the codec that no target checks.

// checkInteger requires that v is written in its shortest form and is read from that form
// and from the form with padding octets 80 before it.
func (c codec) checkInteger(v uint64, padding int) error {
	want := input.AppendInteger([]byte{0xaa}, v, 0)
	if got := c.appendInteger([]byte{0xaa}, v); !bytes.Equal(got, want) {
		return violates("INT-2", "encoding %#x behind aa", v).expected("% x", want).got("% x", got)
	}
	return c.checkReadInteger(input.AppendInteger(nil, v, padding))
}

// checkForm requires that p is read from any of its forms and is written in the shortest.
func (c codec) checkForm(p reference.Packet, form input.Encoding) error {
	octets := encoded(p, form)
	if err := c.checkDecodesTo(p, octets); err != nil {
		return err
	}
	return c.checkShortest(p, octets)
}

// checkPrefixes requires that every strict prefix of one packet is reported as incomplete.
func (c codec) checkPrefixes(octets []byte) error {
	for n := range octets {
		p, consumed, err := c.decode(octets[:n])
		if !errors.Is(err, reference.ErrIncomplete) || consumed != 0 {
			return violates("DEC-3", "decoding the first %d octets of % x", n, octets).
				expected("%v", reference.ErrIncomplete).got("%s, %d octets consumed, error %v", show(p), consumed, err)
		}
	}
	return nil
}

func TestRapidIntegerRoundTrip(t *testing.T) {
	any64 := rapid.OneOf(rapidInteger(integerEdges), rapid.Uint64(), rapid.Uint64Min(math.MaxUint64-200))
	rapidCheck(t, func(t *rapid.T) {
		must(t, referenceCodec().checkInteger(any64.Draw(t, "integer"), rapid.IntRange(0, 20).Draw(t, "padding")))
	})
}

func TestRapidRoundTrip(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		must(t, referenceCodec().checkRoundTrip(rapidPacket().Draw(t, "packet")))
	})
}

func TestRapidOutOfRange(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		p := rapidPacket().Draw(t, "packet")
		beyond := rapid.Uint64Min(reference.MaxInteger+1).Draw(t, "beyond")
		*rapid.SampledFrom([]*uint64{&p.Channel, &p.Tag, &p.Flags, &p.Type}).Draw(t, "field") = beyond
		must(t, referenceCodec().checkRoundTrip(p))
	})
}

func TestRapidForms(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		must(t, referenceCodec().checkForm(rapidPacket().Draw(t, "packet"), rapidForm().Draw(t, "form")))
	})
}

func TestRapidPrefixes(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		must(t, referenceCodec().checkPrefixes(rapidOctets().Draw(t, "octets")))
	})
}

func TestRapidDamagedPackets(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		damaged := rapidDamaged().Draw(t, "damaged")
		must(t, referenceCodec().checkRead(damaged))
		want := readStream(damaged, reference.DefaultMaxPacket)
		_, err := referenceCodec().checkStream(iotest.OneByteReader(bytes.NewReader(damaged)), damaged, want, "by single octets")
		must(t, err)
	})
}

// TestRapidConcatenationThenFragment reads several packets and then the beginning of one
// more, from octets and from a stream in pieces of any size. Each packet must be read where
// the one before it ended.
func TestRapidConcatenationThenFragment(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		packets := rapid.SliceOfN(rapidPacket(), 0, 5).Draw(t, "packets")
		var octets []byte
		var ends []int
		for _, p := range packets {
			octets = append(octets, encoded(p, rapidForm().Draw(t, "form"))...)
			ends = append(ends, len(octets))
		}
		last := rapidOctets().Draw(t, "last")
		fragment := last[:rapid.IntRange(0, len(last)-1).Draw(t, "fragment")]
		octets = append(octets, fragment...)

		rest := octets
		for i, p := range packets {
			got, n, err := reference.Decode(rest)
			if err != nil || len(octets)-len(rest)+n != ends[i] {
				t.Fatalf("decoding packet %d: expected its end at %d\ngot %d octets consumed at %d, error %v",
					i+1, ends[i], n, len(octets)-len(rest), err)
			}
			must(t, checkFields(octets, got, p))
			rest = rest[n:]
		}
		if _, _, err := reference.Decode(rest); !errors.Is(err, reference.ErrIncomplete) {
			t.Fatalf("decoding the fragment % x\nexpected %v\ngot      %v", rest, reference.ErrIncomplete, err)
		}

		r := reference.NewReader(inPieces(t, octets), reference.DefaultMaxPacket)
		for i, p := range packets {
			got, err := r.Next()
			if err != nil || r.Offset() != int64(ends[i]) {
				t.Fatalf("reading packet %d: expected no error, offset %d\ngot %v, offset %d", i+1, ends[i], err, r.Offset())
			}
			must(t, checkFields(octets, got, p))
		}
		want := reference.ErrCut
		if len(fragment) == 0 {
			want = io.EOF
		}
		if _, err := r.Next(); !errors.Is(err, want) {
			t.Fatalf("reading the fragment % x\nexpected %v\ngot      %v", fragment, want, err)
		}
	})
}

// inPieces returns a reader that returns octets whole, in halves of the size asked for, or
// one by one.
func inPieces(t *rapid.T, octets []byte) io.Reader {
	r := bytes.NewReader(octets)
	switch rapid.SampledFrom([]string{"whole", "halves", "ones"}).Draw(t, "pieces") {
	case "halves":
		return iotest.HalfReader(r)
	case "ones":
		return iotest.OneByteReader(r)
	}
	return r
}

func rapidCheck(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	logReproduction(t)
	rapid.Check(t, property)
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// integerEdges are the smallest and the largest integers of each width on the wire.
// flagEdges are the flags that, with the two bits below them, are such integers.
var integerEdges, flagEdges = edges(0), edges(2)

func edges(bitsBelow int) []uint64 {
	all := []uint64{0, 1, reference.MaxInteger - 1, reference.MaxInteger}
	for width := 7; width-bitsBelow <= 60; width += 7 {
		least := uint64(1) << (width - bitsBelow)
		all = append(all, least-1, least, least+1)
	}
	return all
}

func rapidInteger(edges []uint64) *rapid.Generator[uint64] {
	return rapid.OneOf(rapid.SampledFrom(edges), rapid.Uint64Range(0, reference.MaxInteger))
}

// rapidPayload generates payloads that are empty or short, or about as long as those at
// which the length of the packet needs one more octet. A long one repeats a short pattern.
func rapidPayload() *rapid.Generator[[]byte] {
	short := rapid.SliceOfN(rapid.Byte(), 0, 20)
	long := rapid.Custom(func(t *rapid.T) []byte {
		size := rapid.OneOf(rapid.IntRange(90, 130), rapid.IntRange(16340, 16390)).Draw(t, "size")
		pattern := rapid.SliceOfN(rapid.Byte(), 1, 7).Draw(t, "pattern")
		return bytes.Repeat(pattern, size/len(pattern)+1)[:size]
	})
	return rapid.OneOf(short, short, long)
}

// rapidPacket generates packets whose fields are in range, half of them on channel 0.
func rapidPacket() *rapid.Generator[reference.Packet] {
	channel := rapid.OneOf(rapid.Just(uint64(0)), rapidInteger(integerEdges))
	return rapid.Custom(func(t *rapid.T) reference.Packet {
		return reference.Packet{
			IsRequest: rapid.Bool().Draw(t, "is request"),
			Channel:   channel.Draw(t, "channel"),
			Tag:       rapidInteger(integerEdges).Draw(t, "tag"),
			Flags:     rapidInteger(flagEdges).Draw(t, "flags"),
			Type:      rapidInteger(integerEdges).Draw(t, "type"),
			Payload:   rapidPayload().Draw(t, "payload"),
		}
	})
}

// rapidForm generates any form, the shortest more often than others.
func rapidForm() *rapid.Generator[input.Encoding] {
	overlong := rapid.Custom(func(t *rapid.T) input.Encoding {
		padding := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 12))
		return input.Encoding{
			Length:      padding.Draw(t, "length padding"),
			Tag:         padding.Draw(t, "tag padding"),
			Word:        padding.Draw(t, "word padding"),
			Channel:     padding.Draw(t, "channel padding"),
			Type:        padding.Draw(t, "type padding"),
			ChannelZero: rapid.Bool().Draw(t, "has channel 0"),
		}
	})
	return rapid.OneOf(rapid.Just(input.Encoding{}), overlong)
}

// rapidOctets generates the octets of one packet in any form.
func rapidOctets() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		return encoded(rapidPacket().Draw(t, "packet"), rapidForm().Draw(t, "form"))
	})
}

// rapidDamaged generates the octets of a packet after a few small changes.
func rapidDamaged() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		b := rapidOctets().Draw(t, "octets")
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			at := rapid.IntRange(0, min(len(b), 40)).Draw(t, "at")
			octet := rapid.OneOf(rapid.SampledFrom([]byte{0x00, 0x7f, 0x80, 0xff}), rapid.Byte()).Draw(t, "octet")
			switch rapid.SampledFrom([]string{"insert", "replace", "cut"}).Draw(t, "change") {
			case "insert":
				b = append(b[:at:at], append([]byte{octet}, b[at:]...)...)
			case "replace":
				b = append(b[:at:at], append([]byte{octet}, b[min(at+1, len(b)):]...)...)
			case "cut":
				b = b[:at]
			}
		}
		return b
	})
}
