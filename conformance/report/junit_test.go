package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

func TestJUnit(t *testing.T) {
	golden(t, "junit.xml", func(w io.Writer) error { return every().JUnit(w, false) })
	golden(t, "junit-strict.xml", func(w io.Writer) error { return every().JUnit(w, true) })
}

// A suites holds the parts of JUnit's XML that viewers read.
type suites struct {
	Suites []struct {
		Name     string  `xml:"name,attr"`
		Tests    int     `xml:"tests,attr"`
		Failures int     `xml:"failures,attr"`
		Errors   int     `xml:"errors,attr"`
		Skipped  int     `xml:"skipped,attr"`
		Time     float64 `xml:"time,attr"`
		Cases    []struct {
			Class   string `xml:"classname,attr"`
			Name    string `xml:"name,attr"`
			Failure *fault `xml:"failure"`
			Error   *fault `xml:"error"`
			Skipped *fault `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

type fault struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func junit(t *testing.T, r *report.Results, strict bool) (s suites) {
	t.Helper()
	var out bytes.Buffer
	if err := r.JUnit(&out, strict); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatalf("%v in\n%s", err, &out)
	}
	return s
}

// Each outcome becomes a pass, a failure, an error or a skipped test case.
func TestJUnitOutcomes(t *testing.T) {
	for _, c := range []struct {
		level         spec.Level
		outcome       report.Outcome
		plain, strict string
	}{
		{spec.Must, report.Pass, "pass", "pass"},
		{spec.Must, report.Fail, "failure", "failure"},
		{spec.Must, report.Timeout, "error", "error"},
		{spec.Must, report.Crash, "error", "error"},
		{spec.Must, report.Flaky, "failure", "failure"},
		{spec.Should, report.Flaky, "pass", "failure"},
		{spec.Must, report.Skip, "skipped", "skipped"},
		{spec.Must, report.Known, "skipped", "skipped"},
		{spec.Must, report.Fixed, "failure", "failure"},
		{spec.Should, report.Fail, "pass", "failure"},
		{spec.Should, report.Timeout, "pass", "error"},
		{spec.May, report.Crash, "pass", "error"},
		{spec.May, report.Skip, "skipped", "skipped"},
		{spec.May, report.Fixed, "failure", "failure"},
	} {
		for strict, want := range map[bool]string{false: c.plain, true: c.strict} {
			s := junit(t, of(c.level, c.outcome), strict).Suites[0]
			one := s.Cases[0]
			got := "pass"
			for kind, f := range map[string]*fault{"failure": one.Failure, "error": one.Error, "skipped": one.Skipped} {
				if f != nil {
					got = kind
					check(t, "type", f.Type, string(c.outcome))
				}
			}
			what := string(c.level) + " " + string(c.outcome)
			check(t, what, got, want)
			counts := map[string]int{"pass": 0, "failure": s.Failures, "error": s.Errors, "skipped": s.Skipped}
			for kind, n := range counts {
				if kind != "pass" && (n == 1) != (kind == want) {
					t.Errorf("%s: got %d of the kind %s, expected the one to be of the kind %s", what, n, kind, want)
				}
			}
		}
	}
}

// An adapter may print characters that XML does not allow. They are shown as in the text.
func TestJUnitWithAnyText(t *testing.T) {
	r := of(spec.Must, report.Fail)
	r.Results[0].Actual = "<&>\"' ]]> \x00\x07\x1b\x7f \xff \ufffe é \u2028 \t"
	text := junit(t, r, false).Suites[0].Cases[0].Failure.Text
	const want = "<&>\"' ]]> \\x00\\x07\\x1b\\x7f \\xff \\ufffe é \\u2028 \t"
	if !strings.Contains(text, want) {
		t.Errorf("got %q, expected it to contain %q", text, want)
	}
}

// A suite's time is the exact sum, not the sum of the rounded times.
func TestJUnitTime(t *testing.T) {
	r := &report.Results{}
	for range 1000 {
		r.Results = append(r.Results, report.Result{Feature: "A", Outcome: report.Pass, DurationMS: 0.4})
	}
	check(t, "time of 1000 scenarios of 0.4 ms, in seconds", junit(t, r, false).Suites[0].Time, 0.4)
}

func TestJUnitGroupsByFeature(t *testing.T) {
	r := &report.Results{}
	for _, feature := range []string{"A", "B", "A"} {
		r.Results = append(r.Results, report.Result{ID: "x", Feature: feature, Outcome: report.Pass, Requirements: []string{"A-1", "A-2"}})
	}
	s := junit(t, r, false)
	check(t, "suites", len(s.Suites), 2)
	check(t, "tests of A", s.Suites[0].Tests, 2)
}

// A scenario keeps its class when its requirements change, so that viewers follow its history.
func TestJUnitClass(t *testing.T) {
	r := of(spec.Must, report.Pass)
	before := junit(t, r, false).Suites[0].Cases[0].Class
	r.Results[0].Requirements = []string{"A-1", "B-9"}
	check(t, "class", junit(t, r, false).Suites[0].Cases[0].Class, before)
	check(t, "class", before, "packetspec.a")
}

// A deviation that does not count is no failure and no skip: the suite says it.
func TestJUnitDeviationThatDoesNotCount(t *testing.T) {
	r := of(spec.Should, report.Fail)
	r.Results[0].Expected, r.Results[0].Actual, r.Results[0].File, r.Results[0].Line = "yes", "no", "01-a.feature", 7
	var out bytes.Buffer
	if err := r.JUnit(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<property name="file" value="01-a.feature">`, `<property name="line:a/fail" value="7">`,
		`<property name="deviation:a/fail" value="should, fail: expected yes, got no">`,
		`<system-out>FAIL     should  a/fail&#xA;`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nexpected it to contain %s", &out, want)
		}
	}
}

// The message says what differs, in one line.
func TestJUnitMessage(t *testing.T) {
	long := strings.Repeat("x", 400)
	for _, c := range []struct {
		outcome                  report.Outcome
		expected, actual, reason string
		message                  string
	}{
		{report.Fail, "03 00 02 00 (EOF)", "nothing within 5s", "", "expected 03 00 02 00 (EOF), got nothing within 5s"},
		{report.Fail, "", "the step failed", "", "expected what the step says, got the step failed"},
		{report.Crash, "", "", "exit status 7\nits last words", "exit status 7 …"},
		{report.Known, "a", "b", "it never was", "it never was"},
		{report.Fixed, "", "", "take it off the list", "take it off the list"},
		{report.Skip, "", "", "no tick", "no tick"},
		{report.Fail, long, "b", "", "expected " + long[:291] + " …"},
		{report.Flaky, "", "", "", "flaky"},
	} {
		r := of(spec.Must, c.outcome)
		r.Results[0].Expected, r.Results[0].Actual, r.Results[0].Reason = c.expected, c.actual, c.reason
		one := junit(t, r, true).Suites[0].Cases[0]
		for _, f := range []*fault{one.Failure, one.Error, one.Skipped} {
			if f != nil {
				check(t, "message", f.Message, c.message)
			}
		}
	}
}

// TestUnfinished reports each scenario that was not run, and the one that was running.
func TestUnfinished(t *testing.T) {
	unfinished := []report.Unfinished{
		{ID: "b/one", Feature: "B", Requirements: []string{"B-1"}, Level: spec.Must, Running: 1500},
		{ID: "c/two", Feature: "C", Requirements: []string{"C-1", "C-2"}, Level: spec.May},
	}
	for name, c := range map[string]struct {
		results     report.Results
		junit, text []string
	}{
		"interrupted": {report.Results{Interrupted: "SIGTERM"}, []string{
			`tests="1" failures="0" errors="1" skipped="0" time="1.500"`,
			`<testcase classname="packetspec.c" name="c/two" time="0.000">`,
			`<error type="not run" message="not run to its end: it had been running for 1.5s">interrupted by SIGTERM</error>`,
			`<error type="not run" message="not run">interrupted by SIGTERM</error>`,
		}, []string{"interrupted by SIGTERM\n2 scenarios were not run\n  b/one had been running for 1.5s\n"}},
		"given up": {report.Results{GivenUp: "no space"}, []string{
			`<error type="not run" message="not run">the run was given up: no space</error>`,
		}, []string{"the run was given up: no space\n2 scenarios were not run\n"}},
		"after --fail-fast": {report.Results{}, []string{
			`<skipped type="not run" message="not run"></skipped>`,
		}, []string{"\n2 scenarios were not run\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.results.NotRun, c.results.Unfinished = len(unfinished), unfinished
			var junit, text strings.Builder
			if err := errors.Join(c.results.JUnit(&junit, false), c.results.Text(&text, false)); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.junit {
				if !strings.Contains(junit.String(), want) {
					t.Errorf("the JUnit report is\n%s\nexpected it to contain %s", junit.String(), want)
				}
			}
			for _, want := range c.text {
				if !strings.Contains(text.String(), want) {
					t.Errorf("the text report is\n%s\nexpected it to contain %q", text.String(), want)
				}
			}
			if c.results.Conforms(false) {
				t.Error("a run that is not whole conforms")
			}
		})
	}
}

// TestUnfinishedAfterAnEarlierRun gives a scenario that ran before, in the first of several runs, one
// test case: the failure that it showed, or else that it was not run again.
func TestUnfinishedAfterAnEarlierRun(t *testing.T) {
	for outcome, want := range map[report.Outcome]string{report.Pass: "<error ", report.Fail: "<failure "} {
		r := report.Results{
			Interrupted: "SIGINT", NotRun: 1,
			Results:    []report.Result{{ID: "b/one", Feature: "B", Requirements: []string{"B-1"}, Level: spec.Must, Outcome: outcome}},
			Unfinished: []report.Unfinished{{ID: "b/one", Feature: "B", Requirements: []string{"B-1"}, Level: spec.Must}},
		}
		var out strings.Builder
		if err := r.JUnit(&out, false); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "<testcase"); n != 1 || !strings.Contains(out.String(), want) {
			t.Errorf("%s: the JUnit report is\n%s\nexpected one test case, with %s", outcome, out.String(), want)
		}
	}
}
