package campaign

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/packetspec/packetspec/fuzz/judge"
)

// A Deviation is something that an implementation is known to do otherwise.
type Deviation struct {
	Requirement string
	Kind        string // of the difference; empty: any
	Reason      string
}

// Known is a list of known deviations.
type Known []Deviation

// Reason is why a difference is known, or empty.
func (k Known) Reason(d judge.Difference) string {
	for _, known := range k {
		if known.Requirement == d.Requirement && (known.Kind == "" || known.Kind == d.Kind) {
			return known.Reason
		}
	}
	return ""
}

// ReadKnown reads a list of known deviations. A line is either the suite's, of which only
// the requirement counts here,
//
//	SCENARIO REQUIREMENT OUTCOME reason
//
// or one of a campaign's own, which names the kind of a difference where one requirement
// is deviated from in one way only:
//
//	fuzz REQUIREMENT reason
//	fuzz REQUIREMENT "KIND" reason
//
// Empty lines, and those that begin with #, say nothing.
func ReadKnown(name string, r io.Reader) (known Known, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		first, rest, _ := strings.Cut(text, " ")
		requirement, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
		d := Deviation{Requirement: requirement}
		rest = strings.TrimSpace(rest)
		if first != "fuzz" {
			_, rest, _ = strings.Cut(rest, " ") // the outcome
		} else if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			d.Kind, rest, ok = strings.Cut(quoted, `"`)
			if !ok {
				return nil, fmt.Errorf("%s:%d: the kind %q has no end", name, n, quoted)
			}
		}
		d.Reason = strings.TrimSpace(rest)
		if requirement == "" || d.Reason == "" {
			return nil, fmt.Errorf("%s:%d: a known deviation reads: fuzz REQUIREMENT [\"KIND\"] reason, or: SCENARIO REQUIREMENT OUTCOME reason", name, n)
		}
		known = append(known, d)
	}
	return known, lines.Err()
}
