package reference_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/packetspec/packetspec/reference"
)

// A vector is a line of a file in features/vectors; the comments name the files that have
// the field. Integers are decimal text.
type vector struct {
	Hex       string      // all but equal
	Value     string      // bsuint
	Packet    *packetText // packets, decode
	String    string      // packets
	Consumed  int         // decode
	Reencoded string      // decode
	Error     string      // decode
	A, B      *packetText // equal
	Equal     bool        // equal
}

type packetText struct {
	IsRequest bool        `json:"is_request"`
	Channel   json.Number `json:"channel"`
	Tag       json.Number `json:"tag"`
	Flags     json.Number `json:"flags"`
	Type      json.Number `json:"rq_type"`
	Payload   string      `json:"payload"`
}

// packet converts p to a packet of the codec. fits reports whether all its integers are
// below 2^64.
func (p *packetText) packet(t *testing.T) (_ reference.Packet, fits bool) {
	t.Helper()
	fits = true
	integer := func(text json.Number) uint64 {
		if text == "" { // a response has no type
			return 0
		}
		v, ok := new(big.Int).SetString(string(text), 10)
		if !ok {
			t.Fatalf("not an integer: %q", text)
		}
		fits = fits && v.IsUint64()
		return v.Uint64()
	}
	return reference.Packet{
		IsRequest: p.IsRequest,
		Channel:   integer(p.Channel), Tag: integer(p.Tag), Flags: integer(p.Flags), Type: integer(p.Type),
		Payload: octets(t, p.Payload),
	}, fits
}

// eachVector runs f for every line of a file of features/vectors.
func eachVector(t *testing.T, file string, f func(*testing.T, vector)) {
	data, err := os.ReadFile(filepath.Join("..", "features", "vectors", file))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	if len(lines) < 20 {
		t.Fatalf("%s has only %d lines, expected at least 20", file, len(lines))
	}
	for n, line := range lines {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s:%d: %v", file, n+1, err)
		}
		f(t, v)
		if t.Failed() {
			t.Fatalf("at %s:%d: %s", file, n+1, line)
		}
	}
}

func TestVectorsBSUInt(t *testing.T) {
	eachVector(t, "bsuint.jsonl", func(t *testing.T, v vector) {
		b := octets(t, v.Hex)
		want, _ := new(big.Int).SetString(v.Value, 10)
		got, n, err := reference.DecodeBSUInt(append(b, 0xff))
		if !want.IsUint64() {
			checkErr(t, "DecodeBSUInt", err, reference.ErrRange)
			return
		}
		checkErr(t, "DecodeBSUInt", err, nil)
		check(t, "value", got, want.Uint64())
		check(t, "octets taken", n, len(b))
		checkOctets(t, "AppendBSUInt", reference.AppendBSUInt(nil, got), b)
	})
}

func TestVectorsPackets(t *testing.T) {
	eachVector(t, "packets.jsonl", func(t *testing.T, v vector) {
		want, _ := v.Packet.packet(t)
		b := octets(t, v.Hex)
		got, n, err := reference.Decode(b)
		checkErr(t, "Decode", err, nil)
		check(t, "octets taken", n, len(b))
		checkPacket(t, got, want)
		check(t, "String", got.String(), v.String)
		encoded, err := want.AppendBinary([]byte("before"))
		checkErr(t, "AppendBinary", err, nil)
		checkOctets(t, "AppendBinary", encoded, append([]byte("before"), b...))
	})
}

func TestVectorsDecode(t *testing.T) {
	eachVector(t, "decode.jsonl", func(t *testing.T, v vector) {
		b := octets(t, v.Hex)
		got, n, err := reference.Decode(b)
		if v.Error != "" {
			checkDecodeError(t, b, err)
			return
		}
		checkErr(t, "Decode", err, nil)
		check(t, "octets taken", n, v.Consumed)
		want, _ := v.Packet.packet(t)
		checkPacket(t, got, want)
		encoded, err := got.AppendBinary(nil)
		checkErr(t, "AppendBinary", err, nil)
		checkOctets(t, "AppendBinary", encoded, octets(t, v.Reencoded))
	})
}

// checkDecodeError expects different errors for the two cases that the vectors call
// incomplete: octets that end inside the body, and a whole body too short for its fields.
func checkDecodeError(t *testing.T, b []byte, err error) {
	t.Helper()
	var malformed *reference.MalformedError
	if length, n, e := reference.DecodeBSUInt(b); e == nil && length <= uint64(len(b)-n) {
		if !errors.As(err, &malformed) {
			t.Errorf("Decode of a body too short for its fields: got %v, expected a *MalformedError", err)
		}
		return
	}
	checkErr(t, "Decode of a part of a packet", err, reference.ErrIncomplete)
}

func TestVectorsEqual(t *testing.T) {
	eachVector(t, "equal.jsonl", func(t *testing.T, v vector) {
		a, _ := v.A.packet(t)
		b, _ := v.B.packet(t)
		check(t, "a.Equal(b)", a.Equal(b), v.Equal)
		check(t, "b.Equal(a)", b.Equal(a), v.Equal)
	})
}

func TestVectorsBeyond61Bits(t *testing.T) {
	eachVector(t, "packets-beyond-61-bits.jsonl", func(t *testing.T, v vector) {
		_, _, err := reference.Decode(octets(t, v.Hex))
		checkErr(t, "Decode", err, reference.ErrRange)
		p, fits := v.Packet.packet(t)
		if !fits {
			return
		}
		b, err := p.AppendBinary([]byte("before"))
		checkErr(t, "AppendBinary", err, reference.ErrRange)
		checkOctets(t, "AppendBinary", b, []byte("before"))
	})
}

func checkOctets(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got [% x], expected [% x]", what, got, want)
	}
}

// checkPacket compares two packets field by field. It does not use Equal, which is under
// test.
func checkPacket(t testing.TB, got, want reference.Packet) {
	t.Helper()
	check(t, "is_request", got.IsRequest, want.IsRequest)
	check(t, "channel", got.Channel, want.Channel)
	check(t, "tag", got.Tag, want.Tag)
	check(t, "flags", got.Flags, want.Flags)
	check(t, "type", got.Type, want.Type)
	checkOctets(t, "payload", got.Payload, want.Payload)
}
