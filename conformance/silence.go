package conformance

import (
	"fmt"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/visible"
)

// mostSilent is how many scenarios in a row the subject may leave without any reply before the
// run gives it up. With the default flags this takes half a minute, and the whole suite would
// take a quarter of an hour. A subject that is only slow replies to some command in almost every
// scenario: the original times out in 21 scenarios of a run, but replies in each.
const mostSilent = 20

// A SilentError reports that a run gave its subject up, because it replied to nothing any more.
type SilentError struct {
	Scenarios int           // in a row, without a reply
	Last      report.Result // of them
}

func (e *SilentError) Error() string {
	saw := e.Last.Reason
	if e.Last.Expected != "" {
		saw = fmt.Sprintf("expected %s, got %s", e.Last.Expected, e.Last.Actual)
	}
	return fmt.Sprintf("the adapter answered hello, but replied to no other command in %d scenarios in a row; the last one was %s: %s", e.Scenarios, e.Last.ID, visible.Line(saw))
}

// A silence counts the scenarios in a row in which the subject replied to nothing.
type silence struct {
	scenarios int
	spoke     bool // the subject has replied in this run
}

// add counts a scenario. Its error gives the subject up. A subject that dies at once, instead of
// hanging, is given up only if it has never replied: a crash takes no time, and says itself what is
// wrong.
func (s *silence) add(r report.Result, replied bool) error {
	switch {
	case replied:
		s.spoke, s.scenarios = true, 0
	case r.Outcome == report.Timeout, r.Outcome.Deviates() && !s.spoke:
		s.scenarios++
	}
	if s.scenarios < mostSilent {
		return nil
	}
	err := error(&SilentError{s.scenarios, r})
	if r.Again != "" {
		err = hint.Add(err, "run that scenario alone, and see what the adapter does with its first command; if it is only slow, raise --timeout: %s", r.Again)
	}
	return err
}
