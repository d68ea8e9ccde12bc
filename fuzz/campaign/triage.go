package campaign

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/play"
)

// collect takes the pool's results in the order of their inputs, whatever the order in which they
// come, so that a seed finds the same input of each signature first.
func (r *running) collect() {
	early := map[int64]result{}
	next := int64(0)
	for played := range r.results {
		early[played.input.Number] = played
		for played, ok := early[next]; ok; played, ok = early[next] {
			delete(early, next)
			next++
			r.take(played)
		}
	}
	for _, number := range slices.Sorted(maps.Keys(early)) { // an input before them was never played
		r.take(early[number])
	}
}

// take counts a result, and makes suspects of new signatures.
func (r *running) take(played result) {
	if played.core != nil {
		r.generator.learn(played.core)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if played.input.Number < int64(len(r.Given)) {
		r.result.Given++
	} else {
		r.result.Inputs++
	}
	r.result.CodecOnly = r.result.CodecOnly || played.codecOnly
	r.count(played)
	for _, d := range played.grown {
		r.ofProcess(played.input, d)
	}
	for _, d := range played.found {
		signature := d.Signature()
		r.result.Shown[signature]++
		if f := r.found[signature]; f != nil {
			f.Seen++
			continue
		}
		f := r.newFinding(played.input, d)
		f.Crash = played.crash
		f.Record, f.Plan = played.record, played.input.Plan
		if r.Raw {
			r.ready(f)
			continue
		}
		r.suspects = append(r.suspects, f)
		r.changed.Broadcast()
	}
}

// newFinding returns a finding that an input showed first. r.mu is held.
func (r *running) newFinding(c *Case, d judge.Difference) *Finding {
	f := &Finding{
		Signature: d.Signature(), Difference: d, Input: c.Raw, First: c.Raw, Number: c.Number, Seen: 1,
		Known: r.Known.Reason(d.Requirement, d.Kind),
	}
	r.found[f.Signature] = f
	return f
}

// ofProcess makes a finding of a difference that only a process shows which played many inputs.
// r.mu is held.
func (r *running) ofProcess(last *Case, d judge.Difference) {
	if r.found[d.Signature()] != nil {
		return
	}
	f := r.newFinding(last, d)
	f.Many = true
	r.ready(f)
}

// ready adds a finding to the result: as a face of another that has the same suspected cause, or as
// one of its own. r.mu is held.
func (r *running) ready(f *Finding) {
	of := func(g *Finding) bool {
		return !r.Raw && slices.ContainsFunc(g.Present(), func(face *Finding) bool { return r.causes.same(face, f) })
	}
	if i := slices.IndexFunc(r.result.Findings, of); i >= 0 {
		g := r.result.Findings[i]
		g.Faces = append(g.Faces, f)
		r.announce(Event{Finding: g.clone(), Face: f.clone()})
	} else {
		r.result.Findings = append(r.result.Findings, f)
		r.announce(Event{Finding: f.clone()})
	}
	unknown := 0
	for _, f := range r.result.Findings {
		if !f.IsKnown() && f.Status == "" {
			unknown++
		}
	}
	if r.Enough > 0 && unknown >= r.Enough {
		r.enough = true
		r.stop()
	}
}

// announce hands an event to observe. It holds copies, since collect still counts in the findings of
// the result. r.mu is held.
func (r *running) announce(e Event) {
	r.unseen = append(r.unseen, e)
	select {
	case r.news <- struct{}{}:
	default: // observe has yet to see the last news, and will see this too
	}
}

const (
	// confirmers is how many suspects are confirmed at a time, if there is room. They wait more than
	// they work.
	confirmers = 2
	// minimizeTime bounds how long minimising one finding may take, so that one slow finding
	// leaves time for the others.
	minimizeTime = 10 * time.Second
	// maxSuspects is how many inputs of a signature are tried again before the signature is given
	// up: a difference that depends on scheduling may not show with the first.
	maxSuspects = 3
	// triageTime is how long triage may take after the campaign's time, and a quarter of that time
	// more.
	triageTime = 10 * time.Second
)

// triage confirms and minimises suspects until there are no more. If time runs out, the rest stay
// suspects.
func (r *running) triage(ctx context.Context) {
	if r.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, r.began.Add(r.Time+r.Time/4+triageTime))
		defer cancel()
	}
	var all sync.WaitGroup
	for range r.subject.trying {
		all.Go(func() {
			c := &confirmer{Subject: r.subject}
			defer c.end()
			for f := r.nextSuspect(); f != nil; f = r.nextSuspect() {
				r.examine(ctx, c, f)
			}
		})
	}
	all.Wait()
}

// examine makes a finding of a suspect if it shows again.
func (r *running) examine(ctx context.Context, c *confirmer, suspect *Finding) {
	r.mu.Lock()
	if r.enough {
		r.awaitTurn(suspect)
		r.mu.Unlock()
		return
	}
	f := *suspect // collect counts in the original meanwhile
	r.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		err = r.confirm(ctx, c, &f)
	}
	if err == nil && f.Confirmed > 0 {
		r.plain.Do(func() { err = r.playPlainest(ctx, c) })
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.awaitTurn(suspect)
	switch {
	case ended(err):
		r.result.Suspects = append(r.result.Suspects, suspect)
	case err != nil:
		r.errs = append(r.errs, err)
		r.stop()
	case f.Confirmed > 0:
		f.Seen = suspect.Seen
		*suspect = f
		r.ready(suspect)
	case f.Difference.Kind == refused: // a fresh process opens the connection
		r.ofProcess(&Case{Number: f.Number, Raw: f.Input}, judge.Difference{
			Requirement: "BAD-5", Kind: "no more connections", Expected: "a connection, as a fresh process opens it", Came: f.Difference.Came,
		})
	default:
		r.failed[f.Signature] = append(r.failed[f.Signature], &f)
		if len(r.failed[f.Signature]) < maxSuspects {
			delete(r.found, f.Signature) // so that another input of the signature is tried
		}
	}
}

// playPlainest finds out which differences nearly every input shows.
func (r *running) playPlainest(ctx context.Context, c *confirmer) error {
	everywhere := map[string]bool{}
	for _, raw := range plainest {
		p, err := c.keep(ctx, maxUses)
		if err != nil {
			return err
		}
		c.used++
		for _, s := range signatures(p.play(ctx, caseOf(raw, p.can), c.patience(play.Quick)).found) {
			everywhere[s] = true
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.causes.everywhere = everywhere
	return nil
}

// awaitTurn waits until no suspect is examined that an earlier input showed. So of the faces of one
// finding, the one that comes first does not depend on which is confirmed faster. r.mu is held.
func (r *running) awaitTurn(f *Finding) {
	isEarlier := func(other *Finding) bool { return other.Number < f.Number }
	for slices.ContainsFunc(r.examined, isEarlier) {
		r.changed.Wait()
	}
	r.examined = slices.DeleteFunc(r.examined, func(other *Finding) bool { return other == f })
	r.changed.Broadcast()
}

// confirm tries a suspect again and, if it shows and is not known, minimises it.
func (r *running) confirm(ctx context.Context, c *confirmer, f *Finding) error {
	if err := c.confirm(ctx, f, 1); err != nil {
		return err
	}
	if f.Confirmed == 0 {
		return c.confirm(ctx, f, Tries-1)
	}
	if f.Known != "" {
		return nil
	}
	if !f.Company && r.Minimize > 0 {
		if err := c.minimize(ctx, f, r.Minimize); err != nil {
			return err
		}
	}
	return c.confirm(ctx, f, Tries)
}

// unconfirmed returns the last suspect of each signature that never showed again, by signature.
func (r *running) unconfirmed() (all []*Finding) {
	for _, signature := range slices.Sorted(maps.Keys(r.failed)) {
		if slices.ContainsFunc(r.result.Findings, func(f *Finding) bool {
			return slices.ContainsFunc(f.All(), func(face *Finding) bool { return face.Signature == signature })
		}) {
			continue
		}
		f := r.failed[signature][len(r.failed[signature])-1]
		f.Seen = r.result.Shown[signature]
		all = append(all, f)
	}
	return all
}

// delay returns how long a suspect may wait, as a number to compare: one of a requirement of
// which few suspects were taken comes first, and one that only came late comes last, since a busy
// machine is often the reason. r.mu is held.
func (r *running) delay(f *Finding) int {
	n := r.taken[f.Difference.Requirement]
	if f.Difference.Timed {
		n += 1000 // more than there are suspects of any requirement
	}
	return n
}

// nextSuspect waits for a suspect and takes the most urgent one. It returns nil if no more come.
func (r *running) nextSuspect() *Finding {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.suspects) == 0 && !r.result.AllRun {
		r.changed.Wait()
	}
	if len(r.suspects) == 0 {
		return nil
	}
	f := slices.MinFunc(r.suspects, func(a, b *Finding) int { return cmp.Compare(r.delay(a), r.delay(b)) })
	r.suspects = slices.DeleteFunc(r.suspects, func(other *Finding) bool { return other == f })
	r.taken[f.Difference.Requirement]++
	r.examined = append(r.examined, f)
	return f
}
