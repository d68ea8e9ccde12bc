package campaign

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/play"
)

const (
	// Tries is how often a suspect is tried, on a fresh process each time. What shows three times
	// of three is worth the time of whoever mends it.
	Tries = 3
	// copies is how many copies of an input are played at once to see whether a difference takes
	// other connections: a quarter of what a campaign plays at a time by default.
	copies = DefaultInFlight / 4
)

// rounds are the numbers of copies that are played one after the other on a fresh process: first
// the input alone, then the input in company.
var rounds = [...]int{1, copies}

// Repro plays an input on a fresh process, then in company if it does not differ alone, and returns
// the differences.
func Repro(ctx context.Context, subject Subject, raw []byte) (found []*Finding, err error) {
	if subject, err = subject.withRoom(1, copies); err != nil {
		return nil, err
	}
	p, err := subject.start(ctx)
	if err != nil {
		return nil, err
	}
	defer p.end()
	for round, n := range rounds {
		played, _, _ := p.playCopies(ctx, raw, n, "")
		for _, d := range played.found {
			found = append(found, &Finding{
				Signature: d.Signature(), Difference: d, Input: raw, First: raw, Record: played.record, Plan: played.input.Plan,
				Seen: 1, Confirmed: 1, Tries: 1, Company: round > 0, Crash: played.crash,
			})
		}
		if played.short != nil {
			return nil, played.short
		}
		if len(found) > 0 || played.died {
			break
		}
	}
	return found, ctx.Err()
}

// Shrink minimises an input and keeps one of its differences: the one with the signature, or the
// first if the signature is empty. It returns nil if the input does not differ so.
func Shrink(ctx context.Context, subject Subject, raw []byte, signature string, tries int) (*Finding, error) {
	subject, err := subject.withRoom(1, copies)
	if err != nil {
		return nil, err
	}
	found, err := Repro(ctx, subject, raw)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(found, func(f *Finding) bool { return signature == "" || f.Signature == signature })
	if i < 0 {
		return nil, nil
	}
	c := &confirmer{Subject: subject}
	defer c.end()
	if err := c.minimize(ctx, found[i], tries); err != nil {
		return nil, err
	}
	return found[i], c.confirm(ctx, found[i], Tries)
}

// playAll plays inputs at once, each as a case of its own. When ctx has ended it plays no more of
// them, and the results are not complete.
func (p *process) playAll(ctx context.Context, raws [][]byte, patience play.Patience) []result {
	results := make([]result, len(raws))
	var all sync.WaitGroup
	for i, raw := range raws {
		all.Go(func() {
			if ctx.Err() != nil {
				return
			}
			c := caseOf(raw, p.can) // which takes long for a long input
			if ctx.Err() == nil {
				results[i] = p.play(ctx, c, patience)
			}
		})
	}
	all.Wait()
	return results
}

// playCopies plays copies of an input at once. It returns the first result that shows a signature,
// or any difference if the signature is empty.
func (p *process) playCopies(ctx context.Context, raw []byte, copies int, signature string) (_ result, d judge.Difference, shows bool) {
	all := p.playAll(ctx, slices.Repeat([][]byte{raw}, copies), p.subject.patience(play.Calm))
	for _, r := range all {
		if d, shows := r.shows(signature); shows {
			return r, d, true
		}
	}
	return all[0], d, false
}

// A confirmer confirms and minimises suspects. It must not be used from two goroutines at once.
type confirmer struct {
	Subject
	process *process // that it keeps; nil: it starts when it is needed
	used    int      // how often the process was used
}

// keep returns the process that it returned last, or a fresh one if that has died, no longer replies, or was
// used as often as uses says. The caller counts the uses.
func (c *confirmer) keep(ctx context.Context, uses int) (*process, error) {
	if c.process == nil || c.process.Err() != nil || c.process.silent.Load() || c.used >= uses {
		c.end()
		p, err := c.start(ctx)
		if err != nil {
			return nil, err
		}
		c.process, c.used = p, 0
	}
	return c.process, ctx.Err()
}

// confirm tries a suspect on fresh processes, and patiently. The suspect's counts are then of these
// tries. Its difference takes company if it shows only beside other connections, or after them.
func (c *confirmer) confirm(ctx context.Context, f *Finding, tries int) error {
	f.Confirmed, f.Tries, f.Company = 0, 0, true
	for f.Tries < tries && ctx.Err() == nil {
		p, err := c.start(ctx)
		if err != nil {
			return err
		}
		f.Tries++
		for round, n := range rounds {
			played, d, shows := p.playCopies(ctx, f.Input, n, f.Signature)
			if shows {
				f.Confirmed++
				f.Difference, f.Record, f.Plan, f.Crash = d, played.record, played.input.Plan, played.crash
				f.shows = signatures(played.found)
				f.Company = f.Company && round > 0
				break
			}
			if played.short != nil && round == 0 {
				p.end()
				return played.short
			}
			if p.Err() != nil || p.silent.Load() {
				break
			}
		}
		p.end()
	}
	return ctx.Err()
}

// minimize makes the input of a finding smaller, for at most [minimizeTime].
func (c *confirmer) minimize(ctx context.Context, f *Finding, tries int) error {
	within, cancel := context.WithTimeout(ctx, minimizeTime)
	defer cancel()
	var failed error
	f.Input = Minimize(within, f.Input, tries, func(inputs [][]byte) int {
		i, err := c.first(within, inputs, f.Signature)
		if err != nil && within.Err() == nil {
			failed = err
		}
		if err != nil {
			return -1
		}
		return i
	})
	return errors.Join(failed, ctx.Err())
}

// maxUses is how many inputs minimising plays on one process. A connection left hanging counts as
// a thirty-second part of it or, where few files may be open, as more, so that few are.
const maxUses = 500

// first plays inputs at once and returns the index of the first that shows a signature, or -1.
func (c *confirmer) first(ctx context.Context, inputs [][]byte, signature string) (int, error) {
	p, err := c.keep(ctx, maxUses)
	if err != nil {
		return -1, err
	}
	results := p.playAll(ctx, inputs, c.patience(play.Brisk))
	for _, r := range results {
		if r.hung() {
			c.used += maxUses / min(32, c.stuck)
		} else {
			c.used++
		}
	}
	if (p.Err() != nil || p.silent.Load()) && len(inputs) > 1 { // one of them stopped it, and so hid the others
		for i := range inputs {
			if n, err := c.first(ctx, inputs[i:i+1], signature); n == 0 || err != nil {
				return i, err
			}
		}
		return -1, nil
	}
	return slices.IndexFunc(results, func(r result) bool { _, shows := r.shows(signature); return shows }), ctx.Err()
}

func (c *confirmer) end() {
	if c.process != nil {
		c.process.end()
		c.process = nil
	}
}
