package inprocess

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

func TestRapidIntegerRoundTrip(t *testing.T) {
	any64 := rapid.OneOf(rapidInteger(integerEdges), rapid.Uint64(), rapid.Uint64Min(math.MaxUint64-200))
	rapidCheck(t, func(t *rapid.T) {
		must(t, referenceCodec().integerRoundTrip(any64.Draw(t, "integer"), rapid.IntRange(0, 20).Draw(t, "padding")))
	})
}

func TestRapidRoundTrip(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		must(t, referenceCodec().roundTrip(rapidPacket().Draw(t, "packet")))
	})
}

func TestRapidBeyond61BitsIsRefused(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		p := rapidPacket().Draw(t, "packet")
		beyond := rapid.Uint64Min(reference.MaxInteger+1).Draw(t, "beyond")
		*rapid.SampledFrom([]*uint64{&p.Channel, &p.Tag, &p.Flags, &p.Type}).Draw(t, "field") = beyond
		must(t, referenceCodec().roundTrip(p))
	})
}

func TestRapidEveryFormIsRead(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		must(t, referenceCodec().everyFormIsRead(rapidPacket().Draw(t, "packet"), rapidForm().Draw(t, "form")))
	})
}

func TestRapidEveryPrefixIsIncomplete(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		must(t, referenceCodec().everyPrefixIsIncomplete(rapidOctets().Draw(t, "octets")))
	})
}

func TestRapidDamagedPacketsAreReadAsByTheOracle(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		damaged := rapidDamaged().Draw(t, "damaged")
		must(t, referenceCodec().readAsByTheOracle(damaged))
		must(t, referenceCodec().streamReadAsByTheOracle(iotest.OneByteReader(bytes.NewReader(damaged)), damaged, "by single octets"))
	})
}

// Packets one behind the other and then the beginning of one more: each is read where
// the one before it ended, whether from octets or from a stream, in pieces of any size.
func TestRapidConcatenationThenFragment(t *testing.T) {
	rapidCheck(t, func(t *rapid.T) {
		packets := rapid.SliceOfN(rapidPacket(), 0, 5).Draw(t, "packets")
		var octets []byte
		var ends []int
		for _, p := range packets {
			octets = append(octets, oracleOf(p).encode(rapidForm().Draw(t, "form"))...)
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
			must(t, sameFields(octets, got, p))
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
			must(t, sameFields(octets, got, p))
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

// inPieces reads octets whole, by halves of what is asked for, or one by one.
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
	tellHowToReproduce(t)
	rapid.Check(t, property)
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
