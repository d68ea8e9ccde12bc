package campaign

import (
	"context"
	"slices"
	"sync"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
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
func caseOf(raw []byte, can plan.Abilities) *Case {
	return &Case{Raw: raw, Plan: plan.Make(raw, can), Codec: judge.Readings(input.Frames(raw), func(uint64) bool { return true })}
}

// companions are how many copies of an input make company.
const companions = 16

// beside plays copies of an input at once, and tells the first that shows a signature, or
// any difference, if that is empty.
func (s *subject) beside(ctx context.Context, raw []byte, copies int, signature string) (v Verdict, d judge.Difference, ok bool) {
	all := make([]Verdict, copies)
	var playing sync.WaitGroup
	for i := range all {
		playing.Go(func() { all[i] = s.run(ctx, caseOf(raw, s.can), play.Calm) })
	}
	playing.Wait()
	for _, v := range all {
		if signature == "" && len(v.Found) > 0 {
			return v, v.Found[0], true
		}
		if d, ok := has(v.Found, signature); ok {
			return v, d, true
		}
	}
	return all[0], d, false
}

// confirm tries a suspect so often, patiently, on a fresh process each time. What shows only
// after, or beside, other connections on a process takes company.
func (b *bench) confirm(ctx context.Context, f *Finding, tries int) error {
	f.Confirmed, f.Tries, f.Company = 0, 0, true
	for f.Tries < tries && ctx.Err() == nil {
		s, err := start(ctx, b.starter)
		if err != nil {
			return err
		}
		f.Tries++
		for round, copies := range []int{1, companions} {
			v, d, ok := s.beside(ctx, f.Input, copies, f.Signature)
			if ok {
				f.Confirmed++
				f.Difference, f.Record, f.Plan = d, v.Record, v.Case.Plan
				f.Company = f.Company && round > 0
				break
			}
			if s.Err() != nil {
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
