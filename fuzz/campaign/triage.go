package campaign

import (
	"context"
	"slices"
	"sync"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/play"
)

// A bench confirms and minimises, on processes of its own.
type bench struct {
	starter adapter.Starter
	subject *subject // for what may be tried on one process
	used    int
}

// Tries is how often a suspect is tried, on a fresh process each time.
const Tries = 3

// has is the difference with a signature.
func has(found []judge.Difference, signature string) (judge.Difference, bool) {
	i := slices.IndexFunc(found, func(d judge.Difference) bool { return d.Signature() == signature })
	if i < 0 {
		return judge.Difference{}, false
	}
	return found[i], true
}

// caseOf is an input, all of which the codec is to read.
func caseOf(raw []byte, can judge.Abilities) *Case {
	return &Case{Raw: raw, Plan: judge.Make(raw, can), Codec: judge.Readings(input.Frames(raw), func(uint64) bool { return true })}
}

// confirm tries a suspect so often, patiently, on a fresh process each time. Where it shows
// only the second time on a process, it takes company.
func (b *bench) confirm(ctx context.Context, f *Finding, tries int) error {
	f.Confirmed, f.Tries, f.Company = 0, 0, true
	for f.Tries < tries && ctx.Err() == nil {
		s, err := start(ctx, b.starter)
		if err != nil {
			return err
		}
		f.Tries++
		for round := range 2 {
			v := s.run(ctx, caseOf(f.Input, s.can), play.Calm)
			if d, ok := has(v.Found, f.Signature); ok {
				f.Confirmed++
				f.Difference, f.Record, f.Plan = d, v.Record, v.Case.Plan
				f.Company = f.Company && round > 0
				break
			}
			if v.Died {
				break
			}
		}
		s.end()
	}
	return ctx.Err()
}

// maxUses is after how many tries a process of the bench makes room for a fresh one.
const maxUses = 500

// abreast is how many inputs are tried at once when one is made small.
const abreast = 8

// first tries inputs beside each other and tells the first that shows a signature, or -1.
func (b *bench) first(ctx context.Context, inputs [][]byte, signature string) (int, error) {
	if b.subject == nil || b.used >= maxUses {
		b.end()
		s, err := start(ctx, b.starter)
		if err != nil {
			return -1, err
		}
		b.subject, b.used = s, 0
	}
	shows := make([]bool, len(inputs))
	costs := make([]int, len(inputs))
	var all sync.WaitGroup
	for i, raw := range inputs {
		all.Go(func() {
			v := b.subject.run(ctx, caseOf(raw, b.subject.can), play.Brisk)
			_, shows[i] = has(v.Found, signature)
			costs[i] = 1
			if v.Record != nil && v.Record.Hung {
				costs[i] = maxUses / 32
			}
			if v.Died {
				costs[i] = maxUses
			}
		})
	}
	all.Wait()
	for _, cost := range costs {
		b.used += cost
	}
	if b.subject.Err() != nil && len(inputs) > 1 { // which of them was it?
		for i := range inputs {
			if n, err := b.first(ctx, inputs[i:i+1], signature); n == 0 || err != nil {
				return i, err
			}
		}
		return -1, nil
	}
	return slices.Index(shows, true), ctx.Err()
}

func (b *bench) end() {
	if b.subject != nil {
		b.subject.end()
		b.subject = nil
	}
}
