package campaign

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/mutate"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/play"
	"github.com/packetspec/packetspec/fuzz/trace"
)

// A Case is one input and what it requires.
type Case struct {
	Number int64
	Raw    []byte
	Plan   *plan.Plan
	Codec  []judge.Reading // of frames that have not been read before
	// CodecOnly: no connection is to hear it.
	CodecOnly bool
}

// A generator makes inputs.
type generator struct {
	can   plan.Abilities
	blind bool            // it keeps nothing, and knows nothing of packets
	limit int             // in octets
	read  map[uint64]bool // frames, by their hash; for next alone

	mu     sync.Mutex // of what follows
	chance *rand.Rand
	made   int64
	corpus []*seed
	traces map[uint64]bool
	edges  edges
	queue  [][]byte // inputs given, which come first
}

// A seed is an input worth varying.
type seed struct {
	raw   []byte
	tried int
}

func newGenerator(number uint64, can plan.Abilities, blind bool, limit int, given [][]byte) *generator {
	return &generator{
		chance: rand.New(rand.NewPCG(number, 0x7061636b6574)), can: can, blind: blind, limit: limit,
		traces: map[uint64]bool{}, read: map[uint64]bool{}, queue: given,
	}
}

// batch is how many inputs are made at once, of one corpus: the reference runs them
// beside each other.
const batch = 64

// next is a batch of at most n inputs. The error is of the reference, which must do what is
// required.
func (g *generator) next(n int64) ([]*Case, error) {
	cases := g.cases(min(n, batch))
	if g.blind {
		for _, c := range cases {
			c.Plan = plan.Make(c.Raw, g.can)
			c.Codec = g.codec(input.Frames(c.Raw))
		}
		return cases, nil
	}
	shown := make([][]uint64, len(cases))
	errs := make([]error, len(cases))
	var all sync.WaitGroup
	for w := range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := w; i < len(cases); i += runtime.GOMAXPROCS(0) {
				shown[i], errs[i] = explore(cases[i], g.can)
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
		g.keep(c, shown[i])
	}
	return cases, nil
}

// cases are n more inputs, of which nothing is known yet.
func (g *generator) cases(n int64) []*Case {
	g.mu.Lock()
	defer g.mu.Unlock()
	cases := make([]*Case, n)
	for i := range cases {
		cases[i] = &Case{Number: g.made, Raw: g.make()}
		g.made++
	}
	return cases
}

// make is one more input.
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

// pick prefers, of three, one that is short and was tried little.
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

// keep keeps an input that shows something new.
func (g *generator) keep(c *Case, shown []uint64) {
	if notes(g.traces, shown) {
		g.add(c.Raw)
	}
}

// ran notes the edges that the subject has run with one input, and tells what is new of
// them, or nil.
func (g *generator) ran(all []uint64) *core {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.edges.ran(all)
}

// learn keeps what has the subject run new edges.
func (g *generator) learn(c *core) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.edges.cores = append(g.edges.cores, c)
	g.add(c.raw)
}

func (g *generator) add(raw []byte) { g.corpus = append(g.corpus, &seed{raw: raw}) }

// notes notes values, and reports whether one is new.
func notes(known map[uint64]bool, values []uint64) (isNew bool) {
	for _, v := range values {
		if !known[v] {
			known[v], isNew = true, true
		}
	}
	return isNew
}

// size is how much the generator has seen so far.
func (g *generator) size() (corpus, traces, edges int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.corpus), len(g.traces), len(g.edges.seen)
}

// maxRead bounds what is remembered of frames.
const maxRead = 1 << 20

// codec is what the codec has to make of frames that are new.
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

// unhurried is the patience with the reference, of which nothing may depend on time.
var unhurried = play.Patience{Due: 20 * time.Second, End: 20 * time.Second}

// A ReferenceError reports that the reference itself differs from what an input requires, so
// packetspec is wrong, in the reference or in what it requires.
type ReferenceError struct {
	Input      []byte
	Difference judge.Difference
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("the reference itself differs, so packetspec is wrong: %s: expected %s, came %s; input %x",
		e.Difference.Signature(), e.Difference.Expected, e.Difference.Came, e.Input)
}

// explore has the reference hear an input, and tells what that shows.
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
