package mutate_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/mutate"
)

// TestPure makes the same of the same, within the limit, and leaves what it was given.
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

// TestReach makes, from nothing, every sort of step and shape.
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
