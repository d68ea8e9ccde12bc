package steps

import (
	"fmt"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// Steps in which the subject sends many requests, told apart by a number that stands
// in the place of # in their fields, from 1 on.
var manySteps = []definition{
	on(`the subject requests type {integer}, {n} times, as {name}{fields}`, func(w *World) any { return w.requestsMany }),
	on(`the subject requests type {integer}, {n} times at once, as {name}{fields}`, func(w *World) any { return w.submitsMany }),
	on(`the subject sends, in any order, the {n} requests of {name}{fields}`, func(w *World) any {
		return func(n int, name, fields string) error { return w.each(n, name, fields, w.sendsSomeRequestOf) }
	}),
	on(`the subject sends the {n} requests of {name}{fields}`, func(w *World) any {
		return func(n int, name, fields string) error { return w.each(n, name, fields, w.sendsRequestOf) }
	}),
	on(`the peer answers the {n} requests of {name}, the last one first{fields}`, func(w *World) any { return w.peerAnswersMany }),
	on(`the tags of the {n} requests of {name} differ`, func(w *World) any { return w.allTagsDiffer }),
	on(`the {n} requests of {name} are answered{fields}`, func(w *World) any {
		return func(n int, name, fields string) error { return w.each(n, name, fields, w.isAnswered) }
	}),
	on(`the {n} requests of {name} are cancelled`, func(w *World) any {
		return func(n int, name string) error {
			return w.each(n, name, "", func(name, _ string) error { return w.isCancelled(name) })
		}
	}),
}

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

func (w *World) requestsMany(rqType string, n int, name, fields string) error {
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

// submitsMany has the subject submit requests, each before it has replied to the one
// before, and not wait for their answers.
func (w *World) submitsMany(rqType string, n int, name, fields string) error {
	replies := map[string]*adapter.Pending{}
	err := w.each(n, name, fields, func(name, fields string) error {
		m, err := w.supportedRequest(adapter.OpRequest, rqType, fields, "")
		if err != nil {
			return err
		}
		m.Conn, m.Call = w.current.name, name
		replies[name] = w.Session.Send(m)
		w.current.sent[name] = &subjectRequest{}
		return nil
	})
	if err != nil {
		return err
	}
	return w.each(n, name, "", func(name, _ string) error {
		_, err := w.await(replies[name])
		return replyFailure(fmt.Sprintf("the request %q to be submitted", name), err)
	})
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

func (w *World) allTagsDiffer(n int, name string) error {
	var requests []peer.Received
	err := w.each(n, name, "", func(name, _ string) error {
		c, err := w.requestNamed(name)
		if err != nil {
			return err
		}
		if c.request == nil {
			return mistake("the request of %q has not come", name)
		}
		requests = append(requests, *c.request)
		return nil
	})
	if err != nil {
		return err
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
		if err := w.peerAnswers(ofMany(name, fields, i)); err != nil {
			return err
		}
	}
	return nil
}
