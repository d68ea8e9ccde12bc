package report_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// TestStream writes about each result when it comes, and in all the same as the whole text.
func TestStream(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		var whole, streamed bytes.Buffer
		if err := every().Text(&whole, verbose); err != nil {
			t.Fatal(err)
		}
		s := report.NewStream(&streamed, every().Suite, verbose, false)
		for _, r := range every().Results {
			before := streamed.Len()
			s.Observe(r)
			written := streamed.String()[before:]
			explained := strings.Count(written, "\n") > 1
			check(t, r.ID+" is explained", explained, r.Counts(true))
			check(t, r.ID+" is listed", strings.Contains(written, r.ID+"\n") || strings.Contains(written, r.ID+"  "), verbose || r.Counts(true))
		}
		if err := s.Finish(every()); err != nil {
			t.Fatal(err)
		}
		check(t, "streamed", streamed.String(), whole.String())
	}
}

// TestStreamOfASeries explains a deviation once, and says at the end how often there was one.
func TestStreamOfASeries(t *testing.T) {
	result := func(id string, o report.Outcome) report.Result {
		return report.Result{ID: id, Feature: "A", Scenario: id, Level: spec.Must, Requirements: []string{"A-1"}, Outcome: o, Expected: "this", Actual: "that"}
	}
	for _, c := range []struct {
		file    string
		verbose bool
	}{{"series.golden", false}, {"series-verbose.golden", true}} {
		golden(t, c.file, func(w io.Writer) error {
			s := report.NewStream(w, every().Suite, c.verbose, false)
			ids := []string{"a/passes", "a/fails", "a/flakes", "a/alternates", "a/was-listed"}
			attempts := make([]report.Attempts, len(ids))
			for _, run := range [][]report.Outcome{
				{report.Pass, report.Fail, report.Pass, report.Fail, report.Known},
				{report.Pass, report.Fail, report.Fail, report.Timeout, report.Known},
				{report.Pass, report.Fail, report.Pass, report.Fail, report.Known},
			} {
				for i, o := range run {
					s.Observe(result(ids[i], o))
					if o == report.Known { // the list expects it to be flaky
						o = report.Fail
					}
					attempts[i].Add(result(ids[i], o))
				}
			}
			r := &report.Results{Suite: every().Suite, Subject: report.Subject{Name: "subject"}}
			for i := range attempts {
				combined, _ := attempts[i].Result()
				r.Results = append(r.Results, combined)
			}
			r.Summarize()
			return s.Finish(r)
		})
	}
}

// TestColor changes nothing but the look of the outcomes' words.
func TestColor(t *testing.T) {
	var plain, colored bytes.Buffer
	if err := every().Text(&plain, true); err != nil {
		t.Fatal(err)
	}
	if err := report.NewStream(&colored, every().Suite, true, true).Finish(every()); err != nil {
		t.Fatal(err)
	}
	sequences := regexp.MustCompile("\x1b\\[([0-9;]*)m")
	check(t, "without its colors", sequences.ReplaceAllString(colored.String(), ""), plain.String())
	for _, want := range []string{
		"\x1b[32mPASS\x1b[0m     must    a/passes  1.5 ms\n",
		"\x1b[1;31mFAIL\x1b[0m     must    a/fails\n",
		"\x1b[1;31mTIMEOUT\x1b[0m  should  a/times-out\n",
		"\x1b[1;31mCRASH\x1b[0m    may     b/crashes\n",
		"\x1b[33mFLAKY\x1b[0m    should  b/flakes  passed in 3 of 4 runs, failed in 1\n",
		"\x1b[2mKNOWN\x1b[0m    should  b/is-known\n",
	} {
		if !strings.Contains(colored.String(), want) {
			t.Errorf("got %q, expected it to contain %q", colored.String(), want)
		}
	}
}

// TestStreamStopsAtAnError writes nothing after a write that failed, and returns its error.
func TestStreamStopsAtAnError(t *testing.T) {
	full := errors.New("no space left")
	w := &countingWriter{err: full}
	s := report.NewStream(w, every().Suite, true, false)
	for _, r := range every().Results {
		s.Observe(r)
	}
	check(t, "error", s.Finish(every()), full)
	check(t, "writes", w.n, 1)
}

type countingWriter struct {
	n   int
	err error
}

func (w *countingWriter) Write([]byte) (int, error) {
	w.n++
	return 0, w.err
}
