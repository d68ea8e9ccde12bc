package campaign

import (
	"context"
	"errors"
	"sync"
)

// again tries the findings of earlier campaigns again. What shows is a finding of this campaign too.
// The order of the findings is that of [Campaign.Earlier].
func (r *running) again(ctx context.Context) {
	type try struct{ of, face *Finding }
	tries := make(chan try)
	var all sync.WaitGroup
	for range r.subject.trying {
		all.Go(func() {
			c := &confirmer{Subject: r.subject}
			defer c.end()
			for t := range tries {
				r.fail(r.tryAgain(ctx, c, t.face))
			}
		})
	}
	for _, f := range r.Earlier {
		for _, face := range f.All() {
			tries <- try{f, face}
		}
	}
	close(tries)
	all.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.Earlier {
		for _, face := range f.Present() {
			r.found[face.Signature] = face
		}
		r.settled(f)
	}
}

// tryAgain sets the status of a finding or face of an earlier campaign.
func (r *running) tryAgain(ctx context.Context, c *confirmer, f *Finding) error {
	f.Known = r.Known.Reason(f.Difference.Requirement, f.Difference.Kind)
	if f.Many {
		return nil // no single input shows it
	}
	tried := *f
	confirmed, tries := 0, 0
	for ; tries < Tries && confirmed == 0; tries++ {
		if err := c.confirm(ctx, &tried, 1); err != nil {
			return err
		}
		confirmed = tried.Confirmed
	}
	*f = tried
	f.Confirmed, f.Tries, f.Seen = confirmed, tries, 0
	f.Status = Fixed
	if confirmed > 0 {
		f.Status = StillThere
	}
	return nil
}

// settled adds a finding of an earlier campaign to the result. r.mu is held.
func (r *running) settled(f *Finding) {
	switch {
	case len(f.Present()) > 0:
		r.result.Findings = append(r.result.Findings, f)
	default:
		r.result.Earlier = append(r.result.Earlier, f)
	}
	r.announce(Event{Finding: f.clone()})
}

// ended reports whether an error is that the campaign has ended.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
