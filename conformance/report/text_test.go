package report_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

func TestText(t *testing.T) {
	golden(t, "text.golden", func(w io.Writer) error { return every().Text(w, false) })
	golden(t, "verbose.golden", func(w io.Writer) error { return every().Text(w, true) })
}

func TestTextOfAllThatPasses(t *testing.T) {
	r := of(spec.Must, report.Pass, report.Pass)
	r.Subject.Name = "subject"
	golden(t, "passes.golden", func(w io.Writer) error { return r.Text(w, false) })
}

// The text warns about runs that prove nothing, which a reader might mistake for a pass.
func TestTextWarnsAboutRunsThatProveNothing(t *testing.T) {
	text := func(r *report.Results) string {
		var out bytes.Buffer
		if err := r.Text(&out, false); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	const skipped = "every scenario was skipped, which does not show that anything conforms\n"
	check(t, "skips are told", strings.HasSuffix(text(of(spec.Must, report.Skip)), skipped), true)
	check(t, "a pass among skips", strings.Contains(text(of(spec.Must, report.Skip, report.Pass)), skipped), false)
	r := of(spec.Must, report.Pass)
	r.NotRun = 3
	check(t, "what was not run is told", strings.HasSuffix(text(r), "3 scenarios were not run\n"), true)
	r.NotRun, r.NotRunBecause = 1, "--fail-fast"
	check(t, "why it was not", strings.HasSuffix(text(r), "\n1 scenario was not run: --fail-fast\n"), true)
	const advice = "begin with the first failure: --fail-fast\n"
	for n, want := range map[int]bool{50: false, 51: true} {
		failures := of(spec.Must, slices.Repeat([]report.Outcome{report.Fail}, n)...)
		check(t, "advice", strings.HasSuffix(text(failures), advice), want)
	}
}

// Explain shows both ends of a long standard error: the message of a panic may be at either.
func TestExplainShowsTheEndsOfManyLines(t *testing.T) {
	r := &report.Results{}
	got := r.Explain(report.Result{ID: "a/b", Outcome: report.Fail, Stderr: "panic: first\n" + strings.Repeat("line\n", 20) + "last\n"})
	const count = "  stderr       panic: first\n" + line + line + line + "               … (10 more lines: --report json has them)\n" + line
	if !strings.Contains(got, count) || !strings.HasSuffix(got, line+"               last\n") {
		t.Errorf("got\n%s\nexpected the first and last lines of the standard error", got)
	}
}

const line = "               line\n"

// Nothing that an adapter says can control a terminal, or begin a line of the report.
func TestForeignText(t *testing.T) {
	const evil = "\x1b[2J\x00\nFAIL     must  x/y\nnote: \u202e\xff\r"
	r := of(spec.Must, report.Fail, report.Skip, report.Known)
	r.Subject = report.Subject{Name: evil, Release: evil, Language: evil}
	r.Notes = []string{evil}
	for i := range r.Results {
		x := &r.Results[i]
		x.Step, x.Expected, x.Actual, x.Reason, x.Wire, x.Stderr, x.Again = evil, evil, evil, evil, []string{evil}, evil, evil
	}
	for name, write := range map[string]func(io.Writer) error{
		"text":   func(w io.Writer) error { return r.Text(w, true) },
		"junit":  func(w io.Writer) error { return r.JUnit(w, true) },
		"matrix": func(w io.Writer) error { return report.Matrix(w, []*report.Results{r}) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x00\u202e\r\ufffd") || !utf8.Valid(out.Bytes()) {
			t.Errorf("%s: got %q, expected escapes", name, &out)
		}
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "FAIL     must  x/y") || strings.HasPrefix(line, "note: \\u202e") {
				t.Errorf("%s: got the line %q, which the adapter wrote", name, line)
			}
		}
	}
}

// Every report returns its writer's error.
func TestReportsReturnTheWritersError(t *testing.T) {
	full := errors.New("no space left")
	for name, write := range map[string]func(io.Writer) error{
		"text":   func(w io.Writer) error { return every().Text(w, false) },
		"json":   func(w io.Writer) error { return every().JSON(w) },
		"junit":  func(w io.Writer) error { return every().JUnit(w, false) },
		"matrix": func(w io.Writer) error { return report.Matrix(w, []*report.Results{every()}) },
	} {
		if err := write(failing{full}); !errors.Is(err, full) {
			t.Errorf("%s: got %v, expected the writer's error", name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
