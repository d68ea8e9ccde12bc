package steps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/words"
)

func (w *World) subjectReleasesGate(gate string) error {
	_, err := w.command(adapter.Message{Op: adapter.OpRelease, Gate: gate})
	return err
}

// firstColumn returns the cells of a table with one column, without its head.
func firstColumn(table *godog.Table) (cells []string) {
	for _, row := range table.Rows[1:] {
		cells = append(cells, row.Cells[0].Value)
	}
	return cells
}

func (w *World) expectHandled(fields string) error { return w.checkHandled(fields) }

func (w *World) expectHandledTable(table *godog.Table) error {
	return w.checkHandled(firstColumn(table)...)
}

func (w *World) expectNotHandled() error { return w.checkHandled() }

// checkHandled requires that the handler was called with these fields, in this order.
func (w *World) checkHandled(calls ...string) error {
	want, err := parseCalls(calls)
	if err != nil {
		return err
	}
	got, err := w.handledAtMost(len(want), expectedCalls(want))
	if err != nil {
		return err
	}
	return compareCalls(want, got)
}

func (w *World) expectHandledInAnyOrder(table *godog.Table) error {
	want, err := parseCalls(firstColumn(table))
	if err != nil {
		return err
	}
	got, err := w.handledAtLeast(len(want), expectedCalls(want))
	if err != nil {
		return err
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(got) < len(want) {
		return w.timedOut(expectedCalls(want), fmt.Sprintf("%d of %d: %s", len(got), len(want), listCalls(got)))
	}
	return compareCalls(want, got)
}

func compareCalls(want, got []string) error {
	if slices.Equal(want, got) {
		return nil
	}
	return failf(expectedCalls(want), "%s", listCalls(got))
}

func expectedCalls(want []string) string { return "these calls of the handler: " + listCalls(want) }

func (w *World) expectHandledTimes(n int) error {
	expected := words.Count(n, "call") + " of the handler"
	got, err := w.handledAtLeast(n, expected)
	if err != nil || len(got) == n {
		return err
	}
	if len(got) < n {
		return w.timedOut(expected, fmt.Sprintf("%d calls", len(got)))
	}
	return failf(expected, "%d", len(got))
}

// parseCalls reads calls of the handler as features describe them: type, flags, payload.
func parseCalls(calls []string) (described []string, err error) {
	for _, words := range calls {
		p, err := parseFields(words)
		if err != nil {
			return nil, err
		}
		described = append(described, describeCall(integer(p.Type), integer(p.Flags), p.Payload))
	}
	return described, nil
}

// lateReplies is how many replies of the adapter a step reads before it says that the
// handler is not called again. A subject may have read a request whose handler has not
// begun; no message reports that, but each reply gives its goroutines or threads a chance to
// run. In four runs of the suite the first reply named every call of a conforming subject;
// the 19 others are a margin, which costs one or two milliseconds.
const lateReplies = 20

// handledAtMost returns the calls of the handler after the last of these replies, or as soon
// as there are more than n. expected is what the step requires.
func (w *World) handledAtMost(n int, expected string) (got []string, err error) {
	for range lateReplies {
		if got, err = w.handled(expected); err != nil || len(got) > n {
			break
		}
	}
	return got, err
}

// handledAtLeast waits until the handler has been called n times, and then watches for more calls.
// expected is what the step requires.
func (w *World) handledAtLeast(n int, expected string) ([]string, error) {
	got, err := poll(w, func() ([]string, error) { return w.handled(expected) }, func(got []string) bool { return len(got) >= n })
	if err != nil || len(got) != n {
		return got, err
	}
	return w.handledAtMost(n, expected)
}

// handled asks for the calls of the handler so far. The error says that expected was expected.
func (w *World) handled(expected string) (described []string, err error) {
	r, err := w.command(adapter.Message{Op: adapter.OpSeen})
	if err != nil {
		return nil, replyFailure(expected, err)
	}
	for _, seen := range *r.Calls {
		described = append(described, describeCall(seen.RqType, seen.Flags, seen.Payload))
	}
	return described, nil
}

func describeCall(rqType, flags adapter.Integer, payload []byte) string {
	return fmt.Sprintf("type %s", rqType) + describeFields(flags, payload)
}

func listCalls(calls []string) string {
	if len(calls) == 0 {
		return "none"
	}
	return strings.Join(calls, "; ")
}
