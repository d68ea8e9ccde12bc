package conformance

import (
	"fmt"
	"strings"

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
	return fmt.Sprintf("the adapter answered hello, but replied to no other command in %d scenarios in a row; the last one was %s: %s", e.Scenarios, e.Last.ID, endLines(saw))
}

// endLines returns the first and the last line of a text on one line. The last line of a standard error
// says the most, and its scenario's result has the others.
func endLines(text string) string {
	text = strings.TrimSpace(text)
	first, rest, several := strings.Cut(text, "\n")
	if !several {
		return visible.Line(text)
	}
	last := rest[strings.LastIndex(rest, "\n")+1:]
	between := " "
	if last != rest {
		between = " … "
	}
	return visible.Line(first + between + strings.TrimSpace(last))
}

// A silence counts the scenarios in a row in which the subject replied to nothing.
type silence struct {
	scenarios int
	timeouts  int  // among them
	spoke     bool // the subject has replied in this run
}

// add counts a scenario. Its error gives the subject up. A subject that dies at once, instead of
// hanging, is given up only if it has never replied: a crash takes no time, and says itself what is
// wrong.
func (s *silence) add(r report.Result, replied bool) error {
	switch {
	case replied:
		s.spoke, s.scenarios, s.timeouts = true, 0, 0
	case r.Outcome == report.Timeout, r.Outcome.Deviates() && !s.spoke:
		s.scenarios++
		if r.Outcome == report.Timeout {
			s.timeouts++
		}
	}
	if s.scenarios < mostSilent {
		return nil
	}
	err := error(&SilentError{s.scenarios, r})
	if r.Again != "" {
		slow := ""
		if s.timeouts > 0 {
			slow = "; if it is only slow, raise --timeout"
		}
		err = hint.Add(err, "run that scenario alone, and see what the adapter does with its first command%s: %s", slow, r.Again)
	}
	return err
}
