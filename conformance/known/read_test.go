package known_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A list may name a scenario by a former id, but lists it only once.
func TestReadFormerIDs(t *testing.T) {
	list, err := known.Read("known.txt", strings.NewReader("same/two EQ-2 fail x\n"), specification)
	if err != nil {
		t.Fatal(err)
	}
	if got := list.Judge(report.Result{ID: "equality/two", Outcome: report.Fail}); got.Outcome != report.Known {
		t.Errorf("got the outcome %s, expected known", got.Outcome)
	}
	_, err = known.Read("known.txt", strings.NewReader("same/two EQ-2 fail x\nequality/two EQ-2 fail x\n"), specification)
	if err == nil || err.Error() != "known.txt:2: the scenario equality/two is listed already, at known.txt:1\n"+
		`hint: a line is like: tags/tags-count-from-1 TAG-1 fail it counts from 0, or for campaigns: fuzz TAG-3 "no answer" it remembers every tag` {
		t.Errorf("got the error %v, expected one about a scenario that is listed twice", err)
	}
}

// Editors on Windows write other line ends and a byte order mark.
func TestReadOtherLineEnds(t *testing.T) {
	list, err := known.Read("known.txt", strings.NewReader("\ufeff# why\r\n\r\nshutdown/one SHD-1 fail it is so\r\n"), specification)
	want := known.List{{Scenario: "shutdown/one", Requirement: "SHD-1", Outcome: report.Fail, Reason: "it is so", Where: "known.txt:3"}}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("got %v, %v, expected %v", list, err, want)
	}
	list, err = known.Read("known.txt", strings.NewReader("\ufeffshutdown/one SHD-1 fail it is so"), specification)
	want[0].Where = "known.txt:1"
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("got %v, %v, expected %v", list, err, want)
	}
}

func TestReadUTF16(t *testing.T) {
	inUTF16 := func(text string, lowFirst bool) string {
		var s strings.Builder
		for _, c := range []byte(text) {
			if lowFirst {
				s.Write([]byte{c, 0})
			} else {
				s.Write([]byte{0, c})
			}
		}
		return s.String()
	}
	const list = "# a list\nshutdown/one SHD-1 fail it is so\n"
	for text, want := range map[string]string{
		"\xff\xfe" + inUTF16(list, true):  "known.txt:1: the list is in UTF-16: it must be in UTF-8",
		"\xfe\xff" + inUTF16(list, false): "known.txt:1: the list is in UTF-16: it must be in UTF-8",
		inUTF16(list, true):               "known.txt:1: the line has a NUL, as text in UTF-16 does: the list must be in UTF-8",
		inUTF16(list, false):              "known.txt:1: the line has a NUL, as text in UTF-16 does: the list must be in UTF-8",
	} {
		_, err := known.Read("known.txt", strings.NewReader(text), specification)
		if err == nil || err.Error() != want+"\nhint: iconv -f UTF-16 -t UTF-8 known.txt" {
			t.Errorf("got the error %v, expected %q and a hint", err, want)
		}
	}
}

// An endless is a reader of the same text for ever. It fails when too much was read of it.
type endless struct {
	text string
	read int
}

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = e.text[(e.read+i)%len(e.text)]
	}
	if e.read += len(b); e.read > 17<<20 {
		return 0, errors.New("too much was read")
	}
	return len(b), nil
}

// A list that is too long, or one line of it, is not read to its end.
func TestReadTooMuch(t *testing.T) {
	for text, want := range map[string]string{
		"x":             "known.txt:1: the line is longer than 65536 bytes\nhint: a list has one known deviation on each line",
		"# a comment\n": "known.txt: the list is longer than 16777216 bytes",
		"\n":            "known.txt: the list is longer than 16777216 bytes",
	} {
		_, err := known.Read("known.txt", &endless{text: text}, specification)
		if err == nil || err.Error() != want {
			t.Errorf("%q: got the error %v, expected %q", text, err, want)
		}
	}
	_, err := known.Read("known.txt", strings.NewReader("\n\n"+strings.Repeat("x", 1<<20)), specification)
	if err == nil || !strings.HasPrefix(err.Error(), "known.txt:3: the line is longer than 65536 bytes") {
		t.Errorf("got the error %v, expected one about line 3", err)
	}
}

// Of very many wrong lines, the error describes some and counts the others.
func TestReadManyMistakes(t *testing.T) {
	_, err := known.Read("known.txt", strings.NewReader(strings.Repeat("x/y A-1 fail z\n", 1000)), specification)
	if err == nil || strings.Count(err.Error(), "\nknown.txt:") != 200 || !strings.Contains(err.Error(), "\nknown.txt: 800 more lines are wrong\nhint: a line is like: ") {
		t.Errorf("got the error %v", err)
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := known.Read("known.txt", io.MultiReader(strings.NewReader("# why\n"), failing{broken}), specification); !errors.Is(err, broken) {
		t.Errorf("got %v, expected the reader's error", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A list with one skip lists all of them. Only a skip for want of something that the adapter lacks is
// the subject's.
func TestJudgeSkips(t *testing.T) {
	const listed, unlisted = "equality/both EQ-1 skip no equal\n", "shutdown/one SHD-1 fail x\n"
	for _, c := range []struct {
		list, id, lacks, unmet string
		outcome, want          report.Outcome
		wantUnmet              string
	}{
		{listed, "equality/both", "equal", "", report.Skip, report.Skip, ""},
		{listed, "equality/both", "open", "connection", report.Skip, report.Skip, ""},
		{listed, "equality/two", "equal", "", report.Skip, report.Skip, report.UnmetList},
		{listed, "equality/two", "open", "connection", report.Skip, report.Skip, report.UnmetList},
		{listed, "equality/two", "", "", report.Skip, report.Skip, ""},
		{listed + unlisted, "shutdown/one", "open", "connection", report.Skip, report.Skip, report.UnmetList},
		{unlisted, "shutdown/one", "open", "connection", report.Skip, report.Skip, "connection"},
		{unlisted, "equality/two", "equal", "", report.Skip, report.Skip, ""},
		{listed, "equality/both", "", "", report.Pass, report.Fixed, ""},
		{listed, "equality/both", "", "", report.Fail, report.Fail, ""},
	} {
		list, err := known.Read("known.txt", strings.NewReader(c.list), specification)
		if err != nil {
			t.Fatal(err)
		}
		got := list.Judge(report.Result{ID: c.id, Outcome: c.outcome, Lacks: c.lacks, Unmet: c.unmet})
		if got.Outcome != c.want || got.Unmet != c.wantUnmet {
			t.Errorf("%+v: got %s, unmet %q", c, got.Outcome, got.Unmet)
		}
		if reason := list.Reason("EQ-1", "crash"); reason != "" {
			t.Errorf("a skip covers a campaign's difference, for the reason %q", reason)
		}
	}
}

// TestReadStaleList reads a long list without a right line in less time than it takes to find the
// nearest id for each: only those that are described need one.
func TestReadStaleList(t *testing.T) {
	ids := make([]spec.Scenario, 700)
	for i := range ids {
		ids[i] = spec.Scenario{ID: fmt.Sprintf("a-feature/a-scenario-with-many-words-%d", i), Requirements: []string{"A-1"}}
	}
	text := strings.Repeat("a-feature/a-scenario-that-does-not-exist A-1 fail why\n", 20_000)
	_, err := known.Read("list", strings.NewReader(text), &spec.Spec{Scenarios: ids})
	if err == nil || !strings.Contains(err.Error(), "19800 more lines are wrong") || !strings.Contains(err.Error(), "did you mean a-feature/") {
		t.Errorf("got the error %.200v, expected 200 lines with their nearest ids, and a count of the others", err)
	}
}
