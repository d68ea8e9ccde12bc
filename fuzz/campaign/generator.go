package campaign

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/fuzz/afl"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/mutate"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/play"
	"github.com/packetspec/packetspec/fuzz/trace"
)

// A Case is an input and what it requires.
type Case struct {
	Number    int64 // in the campaign, from 0
	Raw       []byte
	Plan      *plan.Plan
	Codec     []judge.Reading // of the frames that no case had before
	CodecOnly bool            // no connection plays it
}

// caseOf returns an input as a case of its own: the codec reads every frame.
func caseOf(raw []byte, can plan.Abilities) *Case {
	return &Case{Raw: raw, Plan: plan.Make(raw, can), Codec: judge.Readings(input.Frames(raw), func(uint64) bool { return true })}
}

// A generator makes inputs from a corpus, to which it adds those that show something new. Only next
// must not be called concurrently.
type generator struct {
	can   plan.Abilities
	blind bool            // keep nothing, and change bytes without regard to packets
	limit int             // bytes of an input
	read  map[uint64]bool // frames that the codec has read, by their hash; next alone uses it

	mu     sync.Mutex // guards what follows
	chance *rand.Rand
	made   int64
	corpus []*seed
	traces map[uint64]bool
	edges  edges
	queue  [][]byte // inputs that were given, which come first
}

// A seed is an input of the corpus.
type seed struct {
	raw   []byte
	tried int // how often it was mutated
}

// stream selects a sequence of random numbers that no other use of a campaign's seed has: "packet"
// in ASCII.
const stream = 0x7061636b6574

func newGenerator(number uint64, can plan.Abilities, blind bool, limit int, given [][]byte) *generator {
	return &generator{
		chance: rand.New(rand.NewPCG(number, stream)), can: can, blind: blind, limit: limit,
		traces: map[uint64]bool{}, read: map[uint64]bool{}, queue: given,
	}
}

// batch is how many inputs are made from one state of the corpus, so that the reference can play
// them at the same time. It is part of what a seed means: another number makes other inputs.
const batch = 64

// next returns a batch of inputs, at most n. The error is a [ReferenceError], or that the reference
// cannot be connected, or that ctx has ended.
func (g *generator) next(ctx context.Context, n int64) ([]*Case, error) {
	cases := make([]*Case, min(n, batch))
	g.mu.Lock()
	for i := range cases {
		cases[i] = &Case{Number: g.made, Raw: g.make()}
		g.made++
	}
	g.mu.Unlock()
	traces := make([][]uint64, len(cases))
	errs := make([]error, len(cases))
	var all sync.WaitGroup
	for w := range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := w; i < len(cases); i += runtime.GOMAXPROCS(0) {
				switch {
				case ctx.Err() != nil: // a batch of long inputs takes minutes
					errs[i] = ctx.Err()
				case g.blind:
					cases[i].Plan = plan.Make(cases[i].Raw, g.can)
				default:
					traces[i], errs[i] = explore(cases[i], g.can)
				}
			}
		})
	}
	all.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, c := range cases {
		if errs[i] != nil {
			return nil, errs[i]
		}
		c.Codec = g.codec(input.Frames(c.Raw))
		if note(g.traces, traces[i]) {
			g.add(c.Raw)
		}
	}
	return cases, nil
}

func (g *generator) make() []byte {
	if len(g.queue) > 0 {
		raw := g.queue[0]
		g.queue = g.queue[1:]
		return raw
	}
	if g.blind {
		return mutate.Blind(g.chance, nil, g.limit)
	}
	if len(g.edges.cores) > 0 && g.chance.IntN(2) == 0 {
		return mutate.Nudge(g.chance, g.edges.pick(g.chance), g.limit)
	}
	var raw, other []byte
	if n := len(g.corpus); n > 0 && g.chance.IntN(16) > 0 {
		raw, other = g.pick().raw, g.corpus[g.chance.IntN(n)].raw
	}
	return mutate.Mutate(g.chance, raw, other, g.limit)
}

// pick returns, of three inputs of the corpus, the one that is shortest and was mutated least. Each
// of them is one of the 16 latest in a quarter of the cases.
func (g *generator) pick() (best *seed) {
	for range 3 {
		s := g.corpus[g.chance.IntN(len(g.corpus))]
		if g.chance.IntN(4) == 0 {
			s = g.corpus[len(g.corpus)-1-g.chance.IntN(min(len(g.corpus), 16))]
		}
		if best == nil || s.weight() < best.weight() {
			best = s
		}
	}
	best.tried++
	return best
}

func (s *seed) weight() int { return (s.tried + 8) * (len(s.raw) + 32) }

// newEdges notes the edges that the subject ran with one input, and returns a core for those that
// are new, still without its bytes, or nil.
func (g *generator) newEdges(ran []uint64) *core {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.edges.note(ran)
}

// learn adds a core, with its bytes, to what is mutated.
func (g *generator) learn(c *core) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.edges.cores = append(g.edges.cores, c)
	g.add(c.raw)
}

func (g *generator) add(raw []byte) { g.corpus = append(g.corpus, &seed{raw: raw}) }

// note adds values to those known, and reports whether one is new.
func note(known map[uint64]bool, values []uint64) (isNew bool) {
	for _, v := range values {
		if !known[v] {
			known[v], isNew = true, true
		}
	}
	return isNew
}

// size returns how many inputs, traces and edges the generator has seen so far.
func (g *generator) size() (corpus, traces, edges int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.corpus), len(g.traces), len(g.edges.seen)
}

func (g *generator) inputs() (raws [][]byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.corpus {
		raws = append(raws, s.raw)
	}
	return raws
}

// maxRead bounds how many frames are remembered, at some 40 bytes each.
const maxRead = 1 << 20

// codec returns what the codec must make of the frames that are new.
func (g *generator) codec(frames []input.Frame) []judge.Reading {
	if len(g.read) > maxRead {
		clear(g.read)
	}
	return judge.Readings(frames, func(hash uint64) bool {
		was := g.read[hash]
		g.read[hash] = true
		return !was
	})
}

// unhurried is the patience with the reference: longer than any pause of a busy machine, so that
// what a seed makes does not depend on time.
var unhurried = play.Patience{Due: 20 * time.Second, End: 20 * time.Second}

// A ReferenceError reports that the reference itself differs from what an input requires:
// packetspec is wrong, in the reference or in what it requires.
type ReferenceError struct {
	Input      []byte
	Difference judge.Difference
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("the reference itself differs, so packetspec is wrong: %s: expected %s, came %s; input %x",
		e.Difference.Signature(), e.Difference.Expected, e.Difference.Came, e.Input)
}

// explore makes the plan of a case, plays it on the reference in this process, and returns the
// trace.
func explore(c *Case, can plan.Abilities) ([]uint64, error) {
	c.Plan = plan.Make(c.Raw, can)
	line, err := play.Reference{}.Open(context.Background(), c.Plan)
	if err != nil {
		return nil, err
	}
	record := play.Play(line, c.Plan, unhurried)
	line.Close()
	if found := judge.Judge(c.Plan, record, true); len(found) > 0 {
		return nil, &ReferenceError{Input: c.Raw, Difference: found[0]}
	}
	return trace.Of(input.Frames(c.Raw), c.Plan, record), nil
}

// edges holds what a subject ran that counts its edges, and the inputs that ran it. Its zero value is
// empty. It must not be used from two goroutines at once.
type edges struct {
	seen  map[uint64]bool // edges, each with the class of its count
	runs  map[uint64]int  // inputs that ran an edge, whatever its count
	cores []*core
}

// A core is as little of an input as runs edges that no input ran before, or not so often. Where an
// input is short, [mutate.Nudge] soon varies the byte that matters.
type core struct {
	raw    []byte
	fresh  []uint64 // edges, with the classes of their counts
	firsts []uint64 // those that no input ran at all before, without
}

// note notes the edges that one input ran, and returns a core for those that are new, or nil.
func (e *edges) note(ran []uint64) *core {
	if e.runs == nil {
		e.seen, e.runs = map[uint64]bool{}, map[uint64]int{}
	}
	c := &core{}
	for _, edge := range ran {
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

// pick returns a core to vary: any core in a quarter of the cases, or else the one with the edge
// that the fewest inputs ran, if it is short. Chance alone rarely runs such an edge, and each
// variation that does makes it less rare.
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
