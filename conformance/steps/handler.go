package steps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

func (w *World) subjectReleasesGate(gate string) error {
	_, err := w.command(adapter.Message{Op: adapter.OpRelease, Gate: gate})
	return err
}

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

// checkHandled compares all that the handler got so far, in order, with calls in words.
func (w *World) checkHandled(calls ...string) error {
	want, err := parseCalls(calls)
	if err != nil {
		return err
	}
	got, err := w.handledAtMost(len(want))
	if err != nil {
		return err
	}
	if !slices.Equal(want, got) {
		return failf("the handler called with: "+listCalls(want), "%s", listCalls(got))
	}
	return nil
}

// expectHandledInAnyOrder waits until the handler has got as many calls as the table has, and
// compares them. It is for handlers that run at once: when each begins, and so the
// order, is open.
func (w *World) expectHandledInAnyOrder(table *godog.Table) error {
	want, err := parseCalls(firstColumn(table))
	if err != nil {
		return err
	}
	got, err := w.handledAtLeast(len(want))
	if err != nil {
		return err
	}
	slices.Sort(want)
	slices.Sort(got)
	if slices.Equal(want, got) {
		return nil
	}
	f := failf("the handler called with: "+listCalls(want), "%s", listCalls(got))
	f.TimedOut = len(got) < len(want)
	return f
}

// expectHandledTimes waits until the handler has got so many calls.
func (w *World) expectHandledTimes(n int) error {
	got, err := w.handledAtLeast(n)
	if err != nil || len(got) == n {
		return err
	}
	f := failf(fmt.Sprintf("%d calls of the handler", n), "%d", len(got))
	f.TimedOut = len(got) < n
	return f
}

// parseCalls reads calls of the handler in words: type, flags, payload.
func parseCalls(calls []string) (told []string, err error) {
	for _, words := range calls {
		p, err := parseFields(words)
		if err != nil {
			return nil, err
		}
		told = append(told, describeCall(integer(p.Type), integer(p.Flags), p.Payload))
	}
	return told, nil
}

// lateReplies is how often a step asks what the handler got before it says that no more came.
// A request may have been read and its handler not begun yet, and nothing tells of that:
// but each reply gives all that is to run in the subject a turn. No time is waited.
const lateReplies = 20

// handledAtMost is what the handler got in the end, or, once it is more, more than n calls.
func (w *World) handledAtMost(n int) (got []string, err error) {
	for range lateReplies {
		if got, err = w.handled(); err != nil || len(got) > n {
			break
		}
	}
	return got, err
}

// handledAtLeast waits until the handler has got n calls, and is what it got in the end.
func (w *World) handledAtLeast(n int) ([]string, error) {
	got, err := poll(w, w.handled, func(got []string) bool { return len(got) >= n })
	if err != nil || len(got) != n {
		return got, err
	}
	return w.handledAtMost(n)
}

// handled is what the handler got so far.
func (w *World) handled() (told []string, err error) {
	r, err := w.command(adapter.Message{Op: adapter.OpSeen})
	if err != nil {
		return nil, replyFailure("what the handler got", err)
	}
	for _, seen := range *r.Calls {
		told = append(told, describeCall(seen.RqType, seen.Flags, seen.Payload))
	}
	return told, nil
}

func describeCall(rqType, flags adapter.Integer, payload []byte) string {
	return fmt.Sprintf("type %s, flags %s, payload [%s]", rqType, flags, peer.ShowHex(payload))
}

func listCalls(calls []string) string {
	if len(calls) == 0 {
		return "nothing"
	}
	return strings.Join(calls, "; ")
}
