package campaign

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// A Deviation is something that an implementation is known to do otherwise.
type Deviation struct {
	Requirement string
	Kind        string // of the difference; empty: any
	Reason      string
	Where       string // it is listed, as FILE:LINE
	Own         bool   // it is of a campaign's own, not of the suite's
}

// Known is a list of known deviations.
type Known []Deviation

// Reason is why a difference is known, or empty.
func (k Known) Reason(d judge.Difference) string {
	for _, known := range k {
		if known.covers(d) {
			return known.Reason
		}
	}
	return ""
}

func (known Deviation) covers(d judge.Difference) bool {
	return known.Requirement == d.Requirement && (known.Kind == "" || known.Kind == d.Kind)
}

// Unseen is what a campaign's own lines list and none of its findings is: it may be mended,
// misspelt, or want a longer campaign.
func (k Known) Unseen(findings []*Finding) Known {
	return slices.DeleteFunc(slices.Clone(k), func(known Deviation) bool {
		return !known.Own || slices.ContainsFunc(findings, func(f *Finding) bool { return known.covers(f.Difference) })
	})
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
// Empty lines, and those that begin with #, say nothing. A requirement that the specification
// does not have is an error.
func ReadKnown(name string, r io.Reader, specification *spec.Spec) (known Known, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		d, err := parseDeviation(text)
		if _, found := specification.Requirement(d.Requirement); err == nil && !found {
			err = fmt.Errorf("there is no requirement %s (packetspec list shows all)", d.Requirement)
		}
		d.Where = fmt.Sprintf("%s:%d", name, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Where, err)
		}
		known = append(known, d)
	}
	return known, lines.Err()
}

func parseDeviation(text string) (d Deviation, err error) {
	first, rest, _ := strings.Cut(text, " ")
	d.Requirement, rest, _ = strings.Cut(strings.TrimSpace(rest), " ")
	rest = strings.TrimSpace(rest)
	if d.Own = first == "fuzz"; !d.Own {
		_, rest, _ = strings.Cut(rest, " ") // the outcome
	} else if quoted, ok := strings.CutPrefix(rest, `"`); ok {
		if d.Kind, rest, ok = strings.Cut(quoted, `"`); !ok {
			return d, fmt.Errorf("the kind %q has no end", quoted)
		}
	}
	if d.Reason = strings.TrimSpace(rest); d.Reason == "" {
		return d, errors.New(`a known deviation reads: fuzz REQUIREMENT ["KIND"] reason, or: SCENARIO REQUIREMENT OUTCOME reason`)
	}
	return d, nil
}
