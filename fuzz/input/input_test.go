package input_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
)

// TestFramesLoseNothing joins the frames of any octets to the same octets.
func TestFramesLoseNothing(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		raw := make([]byte, chance.IntN(40))
		for i := range raw {
			raw[i] = byte(chance.Uint32N(9)) * byte(chance.Uint32N(29))
		}
		if again := input.Join(input.Frames(raw)); !bytes.Equal(again, raw) {
			t.Fatalf("% x became % x", raw, again)
		}
	}
}

// TestEncodings reads a packet back from each of its encodings.
func TestEncodings(t *testing.T) {
	p := input.Packet{IsRequest: true, Channel: 5, Tag: 300, Flags: 7, Type: 2, Payload: []byte("hello")}
	for _, e := range []input.Encoding{{}, {Length: 1}, {Tag: 2}, {Word: 9}, {Channel: 1}, {Type: 10}, {ChannelZero: true}} {
		octets := p.Append(nil, e)
		f := input.Read(append(octets, 0xff))
		if f.Shape != input.Whole || !f.Packet.Same(p) || len(f.Octets) != len(octets) || f.Beyond {
			t.Errorf("%+v: % x is read as %+v", e, octets, f)
		}
	}
	if got, want := p.Octets(), []byte("\x0a\x82\x2c\x1f\x05\x02hello"); !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

// TestShapes reads each shape of frame.
func TestShapes(t *testing.T) {
	for octets, want := range map[string]input.Shape{
		"\x03\x00\x02\x00": input.Whole, "\x00": input.Short, "\x02\x00\x02": input.Short, "\x03\x00\x02": input.Cut,
		"\x80": input.Cut, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f": input.Cut, "\x02\x00\x80": input.Short,
	} {
		if f := input.Read([]byte(octets)); f.Shape != want {
			t.Errorf("% x: shape %d, want %d", octets, f.Shape, want)
		}
	}
	for octets, beyond := range map[string]bool{
		"\x27\x9f\xff\xff\xff\xff\xff\xff\xff\x7f": false, "\x27\xa0\x80\x80\x80\x80\x80\x80\x80\x00": true,
		"\x27\x01\x81" + strings.Repeat("\x80", 9): true, "\x27\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f": false,
	} {
		if f := input.Read([]byte(octets)); f.Shape != input.Cut || f.Beyond != beyond {
			t.Errorf("% x: shape %d, beyond %t", octets, f.Shape, f.Beyond)
		}
	}
	// An integer of more than 64 bits keeps its low bits, of which two are the word's own.
	wide := append([]byte{12, 1}, append(bytes.Repeat([]byte{0xff}, 10), 0x04)...)
	if f := input.Read(wide); f.Shape != input.Whole || !f.Beyond || f.Packet.IsRequest {
		t.Errorf("% x: %+v", wide, f)
	}
}

// TestSteps reads a local request back from its step, and only from a response.
func TestSteps(t *testing.T) {
	l := input.Local{Type: 7, Flags: 300, Channel: 5, Payload: []byte("hi")}
	f := input.Read(input.Asks(l, input.Late|1))
	got, ok := f.Local()
	if !ok || f.Op() != input.Request || got.Type != 7 || got.Flags != 300 || got.Channel != 5 || string(got.Payload) != "hi" {
		t.Errorf("%+v: %+v", f, got)
	}
	if op := input.Read(input.Packet{IsRequest: true, Channel: input.Private, Tag: 1}.Octets()).Op(); op != input.Write {
		t.Errorf("a request on the private channel is read as step %d", op)
	}
}
