package campaign

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/packetspec/packetspec/fuzz/afl"
)

// edges is what a subject that counts its edges has run, and the inputs that have led there.
// Its zero value is that of one that counts none. It is not to be used from two goroutines
// at once.
type edges struct {
	seen  map[uint64]bool // edges with the classes of their counts
	runs  map[uint64]int  // inputs that ran an edge, whatever its count
	cores []*core
}

// A core is as little of an input as has the subject run edges that no input before had it
// run, or so often. What is small is what [mutate.Nudge] can vary.
type core struct {
	raw    []byte
	fresh  []uint64 // with the classes of their counts
	firsts []uint64 // those of them that were not run at all, without
}

// ran notes the edges that the subject has run with one input, and tells what is new of them,
// as a core without its octets, or nil.
func (e *edges) ran(all []uint64) *core {
	c := &core{}
	if e.runs == nil {
		e.seen, e.runs = map[uint64]bool{}, map[uint64]int{}
	}
	for _, edge := range all {
		e.runs[afl.Place(edge)]++
		if e.seen[edge] {
			continue
		}
		e.seen[edge] = true
		c.fresh = append(c.fresh, edge)
		if e.runs[afl.Place(edge)] == 1 {
			c.firsts = append(c.firsts, afl.Place(edge))
		}
	}
	if len(c.fresh) == 0 {
		return nil
	}
	return c
}

// pick is a core to vary: any, or that of the edge which the fewest inputs have run, short
// ones preferred. What leads there is what chance alone does not find; and the more its
// variations run it, the less rare it is.
func (e *edges) pick(chance *rand.Rand) []byte {
	if chance.IntN(4) == 0 {
		return e.cores[chance.IntN(len(e.cores))].raw
	}
	return slices.MinFunc(e.cores, func(a, b *core) int { return cmp.Compare(e.weight(a), e.weight(b)) }).raw
}

func (e *edges) weight(c *core) int {
	if len(c.firsts) == 0 {
		return math.MaxInt
	}
	rarest := slices.MinFunc(c.firsts, func(a, b uint64) int { return cmp.Compare(e.runs[a], e.runs[b]) })
	return e.runs[rarest] * (len(c.raw) + 32)
}

// coreTries is how many inputs the subject may hear for the core of one.
const coreTries = 64

// core is as little of an input as has the subject run edges that were new with it.
func (s *subject) core(ctx context.Context, v Verdict) []byte {
	return Minimize(v.Case.Raw, coreTries, func(inputs [][]byte) int {
		return slices.IndexFunc(inputs, func(raw []byte) bool {
			if s.Err() != nil || ctx.Err() != nil {
				return false
			}
			c := caseOf(raw, s.can)
			c.CodecOnly = v.CodecOnly
			ran := s.run(ctx, c, s.patience()).Edges
			return !slices.ContainsFunc(v.Core.fresh, func(edge uint64) bool { return !slices.Contains(ran, edge) })
		})
	})
}
