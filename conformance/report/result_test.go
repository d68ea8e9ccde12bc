package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

func TestConforms(t *testing.T) {
	notRun := of(spec.Must, report.Pass)
	notRun.NotRun = 1
	for _, c := range []struct {
		name            string
		r               *report.Results
		plain, ifStrict bool
	}{
		{"nothing", &report.Results{}, false, false},
		{"a pass", of(spec.Must, report.Pass), true, true},
		{"a pass of may alone", of(spec.May, report.Pass), true, true},
		{"a must that fails", of(spec.Must, report.Pass, report.Fail), false, false},
		{"a must that times out", of(spec.Must, report.Pass, report.Timeout), false, false},
		{"a must that crashes", of(spec.Must, report.Pass, report.Crash), false, false},
		{"a must that flakes", of(spec.Must, report.Pass, report.Flaky), false, false},
		{"a should that flakes", of(spec.Should, report.Pass, report.Flaky), true, false},
		{"a may that flakes", of(spec.May, report.Pass, report.Flaky), true, false},
		{"a should that fails", of(spec.Should, report.Pass, report.Fail), true, false},
		{"a should that times out", of(spec.Should, report.Pass, report.Timeout), true, false},
		{"a should that crashes", of(spec.Should, report.Pass, report.Crash), true, false},
		{"a may that fails", of(spec.May, report.Pass, report.Fail), true, false},
		{"a should that fails, alone", of(spec.Should, report.Fail), true, false},
		{"a skip beside a pass", of(spec.Must, report.Pass, report.Skip), true, true},
		{"skips alone", of(spec.Must, report.Skip, report.Skip), false, false},
		{"skips of may alone", of(spec.May, report.Skip), false, false},
		{"a known deviation", of(spec.Must, report.Pass, report.Known), true, true},
		{"known deviations alone", of(spec.Must, report.Known), true, true},
		{"a fixed deviation", of(spec.Must, report.Pass, report.Fixed), false, false},
		{"a fixed deviation of a should", of(spec.Should, report.Pass, report.Fixed), false, false},
		{"a fixed deviation of a may", of(spec.May, report.Pass, report.Fixed), false, false},
		{"a scenario that was not run", notRun, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, "conforms", c.r.Conforms(false), c.plain)
			check(t, "conforms, strictly", c.r.Conforms(true), c.ifStrict)
		})
	}
}

func TestAllSkipped(t *testing.T) {
	check(t, "nothing", (&report.Results{}).AllSkipped(), true)
	check(t, "skips", of(spec.Must, report.Skip, report.Skip).AllSkipped(), true)
	for _, o := range report.Outcomes {
		check(t, "skips and "+string(o), of(spec.Must, report.Skip, o).AllSkipped(), o == report.Skip)
	}
}

func TestCounts(t *testing.T) {
	r := every()
	for o, want := range map[report.Outcome]int{
		report.Pass: 1, report.Fail: 1, report.Timeout: 1, report.Crash: 1, report.Flaky: 1, report.Skip: 2, report.Known: 1, report.Fixed: 1,
	} {
		check(t, string(o), r.Summary[o], want)
	}
	check(t, "summary of nothing has every outcome", len(of(spec.Must).Summary), len(report.Outcomes))
	check(t, "skips of may", r.Count(spec.May, report.Skip), 2)
	check(t, "skips of must", r.Count(spec.Must, report.Skip), 0)
	check(t, "fixed of must", r.Count(spec.Must, report.Fixed), 1)
}

func TestJSON(t *testing.T) {
	golden(t, "results.json", func(w io.Writer) error { return every().JSON(w) })
}

// Other programs rely on the names of the JSON form.
func TestJSONKeys(t *testing.T) {
	r := every()
	r.NotRun, r.OutsideProfile = 1, 2
	r.Results[1].Reason = "all there is"
	r.Results[1].Runs, r.Results[1].Seed = report.Tally{report.Fail: 2}, 5
	r.Results[4].Unmet = report.UnmetList
	object := decode(t, r)
	checkKeys(t, "", object, "format lacking not_run notes outside_profile profile results run subject suite summary")
	checkKeys(t, "suite", object["suite"], "requirements version")
	checkKeys(t, "suite.requirements[0]", object["suite"].(map[string]any)["requirements"].([]any)[0], "id level text")
	checkKeys(t, "subject", object["subject"], "language name release")
	checkKeys(t, "summary", object["summary"], "crash fail fixed flaky known pass skip timeout")
	results := object["results"].([]any)
	checkKeys(t, "a skip", results[4], "duration_ms feature id lacks level outcome reason requirements scenario unmet")
	checkKeys(t, "a result that passes", results[0], "duration_ms feature id level outcome requirements scenario")
	checkKeys(t, "a result with everything", results[1], "actual again duration_ms expected feature id level outcome reason requirements runs scenario seed stderr step wire")
}

// A list without entries is [], so that its readers do not have to handle null.
func TestJSONOfEmptyResults(t *testing.T) {
	object := decode(t, of(spec.Must))
	if results, ok := object["results"].([]any); !ok || len(results) > 0 {
		t.Errorf("results: got %v, expected an empty list", object["results"])
	}
	if lacking, ok := object["lacking"].([]any); !ok || len(lacking) > 0 {
		t.Errorf("lacking: got %v, expected an empty list", object["lacking"])
	}
}

func TestJSONIsReadBack(t *testing.T) {
	want := every()
	var out bytes.Buffer
	if err := want.JSON(&out); err != nil {
		t.Fatal(err)
	}
	got, err := report.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	want.Format, want.Run.ElapsedMS = report.Format, 1234.567
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nexpected\n%+v", got, want)
	}
	if _, err := report.Read(strings.NewReader("TAP version 13")); err == nil || !strings.Contains(err.Error(), "--report json") {
		t.Errorf("got the error %v, expected one that names --report json", err)
	}
}

// An adapter may print any text.
func TestJSONWithAnyText(t *testing.T) {
	r := of(spec.Must, report.Fail)
	r.Results[0].Actual = "<&> \xff \x00 é \u2028"
	actual := decode(t, r)["results"].([]any)[0].(map[string]any)["actual"]
	check(t, "actual", actual.(string), "<&> \ufffd \x00 é \u2028")
}

func decode(t *testing.T, r *report.Results) (object map[string]any) {
	t.Helper()
	var out bytes.Buffer
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func checkKeys(t *testing.T, what string, value any, want string) {
	t.Helper()
	object, ok := value.(map[string]any)
	if !ok {
		t.Errorf("%s: got %v, expected an object", what, value)
		return
	}
	var keys []string
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	check(t, "keys of "+what, strings.Join(keys, " "), want)
}

// GitHub's workflow commands: an error for what counts, a warning for another deviation, a notice for a known one.
func TestGitHub(t *testing.T) {
	r := every()
	r.Results[1].File, r.Results[1].Line = "07-tags.feature", 12
	r.Results[8].Listed = "known, all.txt:3"
	golden(t, "github.golden", func(w io.Writer) error { return r.GitHub(w, false) })
}
