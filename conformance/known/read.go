package known

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/nearest"
	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// campaigns is the first word of a line for campaigns.
const campaigns = "fuzz"

// adapterGuide is the requirement of a line for what breaks the adapter guide alone, such as a crash.
const adapterGuide = "-"

// listable lists the outcomes that a line may have.
var listable = []report.Outcome{report.Fail, report.Timeout, report.Crash, report.Flaky, report.Skip}

// Bounds of a list. The suite's scenarios, each with a reason of a long paragraph, have less.
const (
	maxList   = 16 << 20 // bytes
	maxLine   = 64 << 10 // bytes
	maxErrors = 200      // wrong lines that are described
)

// byteOrderMark begins some text files in UTF-8.
const byteOrderMark = "\ufeff"

// Read reads a list, and checks it against the specification. Its error joins one error for
// each wrong line, in order, each with the given name of the list and the line's number; a hint ends it. A byte order
// mark and carriage returns before line feeds are ignored.
func Read(name string, r io.Reader, s *spec.Spec) (List, error) {
	var list List
	var errs []error
	wrong := 0
	bounded := &io.LimitedReader{R: r, N: maxList + 1}
	lines := bufio.NewScanner(bounded)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		line := lines.Bytes()
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(byteOrderMark))
		}
		if err := checkEncoding(line); err != nil {
			return nil, hint.Add(fmt.Errorf("%s:%d: %w", name, n, err), "iconv -f UTF-16 -t UTF-8 %s", name)
		}
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		d, err := parse(text, s)
		d.Where = fmt.Sprintf("%s:%d", name, n)
		if other, listed := list.scenario(d.Scenario); err == nil && listed {
			err = fmt.Errorf("the scenario %s is listed already, at %s", d.Scenario, other.Where)
		}
		if err != nil {
			if wrong++; wrong <= maxErrors {
				errs = append(errs, fmt.Errorf("%s: %w", d.Where, err))
			}
			continue
		}
		list = append(list, d)
	}
	if wrong > maxErrors {
		errs = append(errs, fmt.Errorf("%s: %d more lines are wrong", name, wrong-maxErrors))
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		errs = append(errs, hint.Add(fmt.Errorf("%s:%d: the line is longer than %d bytes", name, n+1, maxLine), "a list has one known deviation on each line"))
	case err != nil:
		errs = append(errs, err)
	case bounded.N == 0:
		errs = append(errs, fmt.Errorf("%s: the list is longer than %d bytes", name, maxList))
	}
	err := errors.Join(errs...)
	if wrong > 0 && !hint.IsIn(err) {
		err = hint.Add(err, "%s", lineForm)
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// lineForm shows the form of a line for the suite, and of one for campaigns.
const lineForm = `a line is like: tags/tags-count-from-1 TAG-1 fail it counts from 0, or for campaigns: fuzz TAG-3 "no answer" it remembers every tag`

// checkEncoding returns an error about a line that is not in UTF-8, but looks like UTF-16: it begins
// with a byte order mark of it, or has a NUL, as each Latin letter has there.
func checkEncoding(line []byte) error {
	switch {
	case bytes.HasPrefix(line, []byte("\xff\xfe")), bytes.HasPrefix(line, []byte("\xfe\xff")):
		return errors.New("the list is in UTF-16: it must be in UTF-8")
	case bytes.ContainsRune(line, 0):
		return errors.New("the line has a NUL, as text in UTF-16 does: the list must be in UTF-8")
	}
	return nil
}

func parse(text string, s *spec.Spec) (Deviation, error) {
	if first, rest, _ := strings.Cut(text, " "); first == campaigns {
		return parseCampaign(strings.TrimSpace(rest), s)
	}
	return parseSuite(text, s)
}

func parseSuite(text string, s *spec.Spec) (d Deviation, err error) {
	fields := strings.Fields(text)
	if len(fields) < 4 {
		return d, errors.New("a known deviation reads: SCENARIO REQUIREMENT OUTCOME reason, or for campaigns: fuzz REQUIREMENT [\"KIND\"] reason")
	}
	d = Deviation{Scenario: fields[0], Requirement: fields[1], Outcome: report.Outcome(fields[2]), Reason: strings.Join(fields[3:], " ")}
	sc, found := s.Scenario(d.Scenario)
	switch {
	case !found:
		return d, &unknownError{"scenario", d.Scenario, s}
	case !slices.Contains(sc.Requirements, d.Requirement):
		return d, fmt.Errorf("the scenario %s does not test %s, but %s", d.Scenario, d.Requirement, strings.Join(sc.Requirements, ", "))
	case !slices.Contains(listable, d.Outcome):
		return d, fmt.Errorf("the outcome is %q: it must be %s", d.Outcome, words.Join(listable, "or"))
	}
	d.Scenario = sc.ID
	return d, nil
}

func parseCampaign(text string, s *spec.Spec) (d Deviation, err error) {
	requirement, rest, _ := strings.Cut(text, " ")
	d.Requirement, rest = requirement, strings.TrimSpace(rest)
	if quoted, ok := strings.CutPrefix(rest, `"`); ok {
		if d.Kind, rest, ok = strings.Cut(quoted, `"`); !ok {
			return d, fmt.Errorf("the kind %q lacks its closing quote", quoted)
		}
	}
	d.Reason = strings.TrimSpace(rest)
	if d.Reason == "" {
		return d, errors.New(`a known deviation of campaigns reads: fuzz REQUIREMENT ["KIND"] reason`)
	}
	if _, found := s.Requirement(d.Requirement); !found && d.Requirement != adapterGuide {
		return d, &unknownError{"requirement", d.Requirement, s}
	}
	return d, nil
}

// An unknownError reports a name that the specification does not have. It searches for the nearest
// one only when it is shown: that takes milliseconds, and a stale list may have any number of them.
type unknownError struct {
	what, name string
	spec       *spec.Spec
}

// Error returns the name, and the nearest that exists.
func (e *unknownError) Error() string {
	var ids []string
	if e.what == "scenario" {
		for _, sc := range e.spec.Scenarios {
			ids = append(ids, sc.ID)
		}
	} else {
		for _, q := range e.spec.Requirements {
			ids = append(ids, q.ID)
		}
	}
	like := ""
	for _, id := range nearest.Names(e.name, ids, 1) {
		like = "; did you mean " + id + "?"
	}
	return fmt.Sprintf("there is no %s %s (packetspec list shows all)%s", e.what, visible.Line(e.name), like)
}
