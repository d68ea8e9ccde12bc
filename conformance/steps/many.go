package steps

import (
	"fmt"
	"strings"
)

// Steps in which the subject sends many requests, told apart by a number that stands
// in the place of # in their fields, from 1 on.
var manySteps = []definition{
	on(`the subject requests type {integer}, {n} times, as {name}{fields}`, func(w *World) any { return w.requestsMany }),
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

func (w *World) allTagsDiffer(n int, name string) error {
	seen := map[string]int{}
	return w.each(n, name, "", func(name, _ string) error {
		c, err := w.call(name)
		if err != nil {
			return err
		}
		if c.request == nil {
			return mistake("the request of %q has not come", name)
		}
		tag := c.request.Tag.String()
		if seen[tag]++; seen[tag] > 1 {
			return failf(fmt.Sprintf("%d tags", n), "tag %s for two requests in flight", tag)
		}
		return nil
	})
}

func (w *World) peerAnswersMany(n int, name, fields string) error {
	for i := n; i >= 1; i-- {
		if err := w.peerAnswers(ofMany(name, fields, i)); err != nil {
			return err
		}
	}
	return nil
}
