package mutate_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/mutate"
)

// TestPure mutates equal inputs by equal chance to equal results within the limit, and leaves
// its arguments alone.
func TestPure(t *testing.T) {
	a, b := rand.New(rand.NewPCG(3, 1)), rand.New(rand.NewPCG(3, 1))
	raw, other := []byte(nil), []byte("\x03\x01\x02\x01")
	for range 5000 {
		before := bytes.Clone(raw)
		x, y := mutate.Mutate(a, raw, other, 300), mutate.Mutate(b, before, other, 300)
		if !bytes.Equal(x, y) || !bytes.Equal(raw, before) || len(x) > 300 {
			t.Fatalf("% x became % x and % x", before, x, y)
		}
		raw, other = x, raw
	}
}

// TestReach makes every kind of step and shape from an empty input.
func TestReach(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 1))
	ops, shapes := map[input.Op]int{}, map[input.Shape]int{}
	for range 2000 {
		var raw []byte
		for range 4 {
			raw = mutate.Mutate(chance, raw, raw, 1<<10)
		}
		for _, f := range input.Frames(raw) {
			ops[f.Op()]++
			shapes[f.Shape]++
		}
	}
	for op := input.Write; op <= input.Close; op++ {
		if ops[op] == 0 {
			t.Errorf("no step %d", op)
		}
	}
	for _, shape := range []input.Shape{input.Whole, input.Short, input.Cut} {
		if shapes[shape] == 0 {
			t.Errorf("no frame of shape %d", shape)
		}
	}
}

// TestNudge changes at most one of several packets, within the limit, and puts every octet in
// place of a payload's first.
func TestNudge(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 1))
	raw := []byte("\x06\x01\x02\x01abc\x03\x02\x02\x01")
	firsts := map[byte]bool{}
	for range 20000 {
		nudged := mutate.Nudge(chance, raw, 64)
		before, after := input.Frames(raw), input.Frames(nudged)
		changed := 0
		for i := range min(len(before), len(after)) {
			if !bytes.Equal(before[i].Octets, after[i].Octets) {
				changed++
			}
		}
		if changed > 1 || len(after) != len(before) {
			t.Fatalf("% x became % x, of which %d packets differ", raw, nudged, changed)
		}
		if len(nudged) > 4 && bytes.HasPrefix(nudged[5:], []byte("bc")) {
			firsts[nudged[4]] = true
		}
	}
	if len(firsts) < 256 {
		t.Errorf("only %d octets came in place of the payload's first", len(firsts))
	}
	for _, raw := range [][]byte{nil, raw, []byte("\xff\xff")} {
		if got := mutate.Nudge(chance, raw, 5); len(got) == 0 || len(got) > 5 {
			t.Errorf("% x became % x, expected 1 to 5 octets", raw, got)
		}
	}
}
