package steps

import (
	"fmt"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// each does one step for each of n requests, in their order.
func (w *World) each(n int, name, fields string, step func(name, fields string) error) error {
	for i := 1; i <= n; i++ {
		if err := step(ofMany(name, fields, i)); err != nil {
			return err
		}
	}
	return nil
}

// ofMany is the name and the fields of one of many requests.
func ofMany(name, fields string, i int) (string, string) {
	return fmt.Sprintf("%s-%d", name, i), strings.ReplaceAll(fields, "#", fmt.Sprint(i))
}

func (w *World) subjectRequestsMany(rqType string, n int, name, fields string) error {
	err := w.each(n, name, fields, func(name, fields string) error {
		if err := w.submit(rqType, name, fields, ""); err != nil {
			return err
		}
		w.waitFor(name)
		return nil
	})
	if err != nil {
		return err
	}
	return w.waits()
}

// subjectSubmitsMany has the subject submit requests, each before it has replied to the one
// before, and not wait for their answers.
func (w *World) subjectSubmitsMany(rqType string, n int, name, fields string) error {
	submissions := map[string]*adapter.Pending{}
	err := w.each(n, name, fields, func(name, fields string) (err error) {
		submissions[name], err = w.startSubmitting(rqType, name, fields, "")
		return err
	})
	if err != nil {
		return err
	}
	return w.each(n, name, "", func(name, _ string) error {
		return w.awaitSubmission(name, submissions[name])
	})
}

// subjectSendsRequestsOf takes the subject's requests in their order, or in any.
func (w *World) subjectSendsRequestsOf(inAnyOrder string, n int, name, fields string) error {
	if inAnyOrder != "" {
		return w.each(n, name, fields, w.sendsSomeRequestOf)
	}
	return w.each(n, name, fields, w.subjectSendsRequestOf)
}

func (w *World) expectAnswers(n int, name, fields string) error {
	return w.each(n, name, fields, w.expectAnswer)
}

func (w *World) expectCancelled(n int, name string) error {
	return w.each(n, name, "", func(name, _ string) error { return w.expectError(name, "is cancelled") })
}

// sendsSomeRequestOf takes the subject's first request that has these fields, which may
// be one of several.
func (w *World) sendsSomeRequestOf(name, fields string) error {
	c, want, err := w.requestAndFields(name, fields)
	if err != nil {
		return err
	}
	want.IsRequest = true
	r, err := w.findPacket(fmt.Sprintf("the request of %q (%s)", name, fields), func(p peer.Packet) bool {
		like := want
		if like.Tag == nil {
			like.Tag = p.Tag
		}
		return p.Same(like)
	})
	if err != nil {
		return err
	}
	c.request = &r
	return nil
}

func (w *World) expectManyTagsDiffer(n int, name string) error {
	var names []string
	for i := range n {
		numbered, _ := ofMany(name, "", i+1)
		names = append(names, numbered)
	}
	return w.checkTagsDiffer(names...)
}

// checkTagsDiffer holds for requests that have come.
func (w *World) checkTagsDiffer(names ...string) error {
	var requests []peer.Received
	for _, name := range names {
		c, err := w.requestNamed(name)
		if err != nil {
			return err
		}
		if c.request == nil {
			return mistake("the request of %q has not come", name)
		}
		requests = append(requests, *c.request)
	}
	return tagsDiffer(requests)
}

// tagsDiffer holds for requests in flight at once, all on one channel.
func tagsDiffer(requests []peer.Received) error {
	seen := map[string]bool{}
	for _, r := range requests {
		tag := r.Tag.String()
		if seen[tag] {
			return failf(fmt.Sprintf("%d tags", len(requests)), "tag %s for two requests in flight", tag)
		}
		seen[tag] = true
	}
	return nil
}

func (w *World) peerAnswersMany(n int, name, fields string) error {
	for i := n; i >= 1; i-- {
		name, fields := ofMany(name, fields, i)
		if err := w.peerAnswers(name, fields, ""); err != nil {
			return err
		}
	}
	return nil
}
