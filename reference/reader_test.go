package reference_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/packetspec/packetspec/reference"
)

// stream contains three packets, of 5, 4 and 4 octets.
const stream = "04 01 04 68 69" + // response to tag 1: ok, "hi"
	"03 07 02 01" + // request: tag 7, type 1
	eof

func TestReaderAcceptsPiecesOfAnySize(t *testing.T) {
	for name, cut := range map[string]func(io.Reader) io.Reader{
		"whole":           func(r io.Reader) io.Reader { return r },
		"octet by octet":  iotest.OneByteReader,
		"halves":          iotest.HalfReader,
		"end with octets": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			r := reference.NewReader(cut(bytes.NewReader(octets(t, stream))), 100)
			for _, want := range []struct {
				packet reference.Packet
				offset int64
			}{
				{reference.Packet{Tag: 1, Flags: 1, Payload: []byte("hi")}, 5},
				{reference.Packet{IsRequest: true, Tag: 7, Type: 1}, 9},
				{reference.Packet{IsRequest: true}, 13},
			} {
				got, err := r.Next()
				checkErr(t, "Next", err, nil)
				checkPacket(t, got, want.packet)
				check(t, "Offset", r.Offset(), want.offset)
			}
			_, err := r.Next()
			check(t, "Next at the end", err, io.EOF)
		})
	}
}

func TestReaderDistinguishesCutFromEnd(t *testing.T) {
	b := octets(t, stream)
	for cut := range b {
		r := reference.NewReader(bytes.NewReader(b[:cut]), 100)
		var err error
		for err == nil {
			_, err = r.Next()
		}
		want := reference.ErrCut
		if cut == 0 || cut == 5 || cut == 9 {
			want = io.EOF
		}
		checkErr(t, fmt.Sprintf("Next, cut at octet %d", cut), err, want)
	}
}

func TestReaderErrors(t *testing.T) {
	broken := errors.New("broken wire")
	for name, c := range map[string]struct {
		octets string
		then   error // the stream's error after the octets
		want   error
	}{
		"length of the limit":       {"0a 01 04 61 62 63 64 65 66 67 68", nil, nil},
		"cut inside a length":       {"80", nil, reference.ErrCut},
		"length above the limit":    {"0b", nil, reference.ErrTooLarge},
		"length of 2^42":            {"81 80 80 80 80 80 00", nil, reference.ErrTooLarge},
		"length of 2^63":            {"81 80 80 80 80 80 80 80 80 00", nil, reference.ErrTooLarge},
		"length of 2^64":            {"82 80 80 80 80 80 80 80 80 00", nil, reference.ErrRange},
		"tag of 2^61":               {"0a" + beyond + "00", nil, reference.ErrRange},
		"the stream's own error":    {"", broken, broken},
		"its error inside a length": {"81", broken, broken},
		"its error inside a body":   {"0a 01 04", broken, broken},
	} {
		t.Run(name, func(t *testing.T) {
			var in io.Reader = bytes.NewReader(octets(t, c.octets))
			if c.then != nil {
				in = io.MultiReader(in, iotest.ErrReader(c.then))
			}
			_, err := reference.NewReader(in, 10).Next()
			checkErr(t, "Next", err, c.want)
		})
	}
}

func TestReaderReportsTheOffsetOfAMalformedPacket(t *testing.T) {
	r := reference.NewReader(bytes.NewReader(octets(t, "80 02 01 04  01 07")), 10) // 4 octets, then a body without flags
	_, err := r.Next()
	checkErr(t, "Next", err, nil)
	_, err = r.Next()
	var malformed *reference.MalformedError
	if !errors.As(err, &malformed) {
		t.Fatalf("Next: got %v, expected a *MalformedError", err)
	}
	check(t, "Offset", malformed.Offset, 4)
	if !strings.Contains(err.Error(), "octet 4") {
		t.Errorf("Error: got %q, expected it to name octet 4", err)
	}
}

// A declared length costs memory only as its octets arrive.
func TestReaderAllocatesNothingForADeclaredLength(t *testing.T) {
	declared := octets(t, "81 80 80 80 80 80 00"+"01 04") // 2^42 octets declared, 2 sent
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := reference.NewReader(bytes.NewReader(declared), math.MaxInt).Next()
	runtime.ReadMemStats(&after)
	checkErr(t, "Next", err, reference.ErrCut)
	if cost := after.TotalAlloc - before.TotalAlloc; cost > 1<<20 {
		t.Errorf("2^42 octets declared and 2 sent: %d octets allocated, expected below 1 MiB", cost)
	}
}

func TestReaderReadsALargeBody(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	b := append(octets(t, "c0 80 02"+"01 04"), payload...)     // 2^20+2 octets: the response to tag 1
	p, err := reference.NewReader(iotest.HalfReader(bytes.NewReader(b)), 1<<21).Next()
	checkErr(t, "Next", err, nil)
	if !bytes.Equal(p.Payload, payload) {
		t.Errorf("payload: got %d octets, expected the %d sent", len(p.Payload), len(payload))
	}
}
