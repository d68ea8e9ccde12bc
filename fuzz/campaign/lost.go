package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/internal/words"
)

const (
	// maxSilent is how many inputs in a row may get no reply from a second process either. Those that are
	// left are then not played again: each would cost a process and its time limit.
	maxSilent = 3
	// overtime is for how long after the campaign's time inputs are played again.
	overtime = 10 * time.Second
)

// playAgain plays the inputs of results again that say nothing about them: another input may have
// stopped the process that they shared, or the machine may have. An input for which there is no time
// counts as one that was not tested.
func (p *pool) playAgain(ctx, making context.Context, lost []result) error {
	if len(lost) == 0 {
		return nil
	}
	ctx, end := until(ctx, making)
	defer end()
	c := &confirmer{Subject: p.Subject}
	defer c.end()
	silent := 0 // in a row
	for _, l := range lost {
		again := l
		if !l.silent || silent < maxSilent {
			var err error
			if again, err = p.playLost(ctx, c, l); err != nil && ctx.Err() == nil {
				return err
			}
		}
		switch {
		case again.silent:
			silent++
		case l.silent:
			silent = 0
		}
		again.grown = l.grown
		p.results <- again
	}
	return nil
}

// playLost plays the input of a result again: on a process of its own if the other one died, or had too
// little, or else on the process that c keeps.
func (p *pool) playLost(ctx context.Context, c *confirmer, lost result) (again result, err error) {
	again = result{input: lost.input, silent: true} // if there is no time
	if lost.silent {
		process, err := c.keep(ctx, maxUses)
		if err != nil {
			return again, err
		}
		c.used++
		played := process.play(ctx, lost.input, process.patience())
		switch {
		case played.silent:
			p.replaced.Add(1)
			return played, nil
		case !played.died && played.short == nil:
			return played, nil
		}
	}
	played, err := p.playAlone(ctx, lost.input)
	if err != nil {
		return again, err
	}
	return played, nil
}

// until returns a context that ends with making or, if that ends because the campaign's time is over,
// [overtime] later. It ends with ctx at the latest.
func until(ctx, making context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(making, func() {
		if !errors.Is(making.Err(), context.DeadlineExceeded) {
			cancel()
			return
		}
		over := time.NewTimer(overtime)
		defer over.Stop()
		select {
		case <-over.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}

// playAlone plays an input on a process of its own. If it kills that process, it is played once more: only
// what both processes say of their end can tell crashes apart.
func (p *pool) playAlone(ctx context.Context, c *Case) (result, error) {
	var tries [2]result
	for i := range tries {
		process, err := p.start(ctx)
		if err != nil {
			return result{}, err
		}
		tries[i] = process.play(ctx, c, process.patience())
		process.end()
		if tries[i].short != nil {
			return result{}, tries[i].short
		}
		if tries[0].crash == nil {
			break
		}
	}
	again := tries[0]
	if other := tries[1].crash; again.crash != nil && other != nil && other.String() == again.crash.String() {
		again.found = []judge.Difference{again.crash.difference(sameWords(again.crash, other))}
	}
	return again, nil
}

// count counts a result that does not show whether the subject handles its input as it must. r.mu is held.
func (r *running) count(played result) {
	switch {
	case played.unplayed():
		r.unplayed++
	case played.cutShort():
		var shown []string
		for _, d := range played.found {
			if d.State != judge.Codec || d.Timed {
				shown = append(shown, d.Signature())
			}
		}
		r.cutShort[strings.Join(shown, "\n")]++
	}
}

// untested returns how many inputs were not played to their end, and show neither a finding nor a
// suspect that waits to be tried again. What cuts an input short without that may be a busy machine.
func (r *running) untested() int64 {
	explained := map[string]bool{}
	for _, f := range slices.Concat(r.result.Findings, r.result.Suspects) {
		for _, face := range f.Present() {
			explained[face.Signature] = true
		}
	}
	n := r.unplayed
	for shown, inputs := range r.cutShort {
		if !slices.ContainsFunc(strings.Split(shown, "\n"), func(s string) bool { return explained[s] }) {
			n += inputs
		}
	}
	return n
}

// fewUnplayed is how many inputs may be left unplayed in any campaign, unless they are more than half of
// it: a short campaign must not fail because the machine was busy for a moment.
const fewUnplayed = 9

// Inconclusive reports whether the campaign says too little: no input was tested, more than half were not
// tested to the end, or more than one in a hundred, and more than a few, were not played at all. A busy
// machine alone can cut one in ten short, but an input to which a process does not reply is played again.
func (r *Result) Inconclusive() bool {
	all := r.Given + r.Inputs
	return all == 0 || r.Untested > all/2 || r.Unplayed > max(fewUnplayed, all/100)
}

// Doubts returns, in words, what makes the campaign say less than its number of inputs promises.
func (r *Result) Doubts() (all []string) {
	if r.Given+r.Inputs == 0 {
		all = append(all, "no input was tested")
	}
	if r.Untested > 0 {
		all = append(all, fmt.Sprintf("%d of %s not tested to the end: the adapter did not reply, or something due had not come in time, "+
			"and no fresh process showed the same", r.Untested, words.Count(int(r.Given+r.Inputs), "input")))
	}
	if r.Replaced > 0 {
		all = append(all, fmt.Sprintf("processes of the adapter that were replaced, since they no longer replied: %d", r.Replaced))
	}
	return all
}
