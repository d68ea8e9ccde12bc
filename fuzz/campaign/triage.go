package campaign

import (
	"context"
	"slices"

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

// confirm tries a suspect on fresh processes, patiently. Where it shows only the second
// time on a process, it takes company.
func (b *bench) confirm(ctx context.Context, f *Finding) error {
	f.Confirmed, f.Tries = 0, 0
	for f.Tries < Tries && ctx.Err() == nil {
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
				f.Company = f.Company || round > 0
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

// shows tries whether an input shows a signature.
func (b *bench) shows(ctx context.Context, raw []byte, signature string) (bool, error) {
	if b.subject == nil || b.used >= maxUses {
		b.end()
		s, err := start(ctx, b.starter)
		if err != nil {
			return false, err
		}
		b.subject, b.used = s, 0
	}
	b.used++
	v := b.subject.run(ctx, caseOf(raw, b.subject.can), b.subject.patience())
	if v.Died || v.Record != nil && v.Record.Hung {
		b.used += maxUses / 4
	}
	if v.Died {
		b.used = maxUses
	}
	_, ok := has(v.Found, signature)
	return ok, ctx.Err()
}

func (b *bench) end() {
	if b.subject != nil {
		b.subject.end()
		b.subject = nil
	}
}
