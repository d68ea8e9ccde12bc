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

func TestJSON(t *testing.T) {
	golden(t, "results.json", func(w io.Writer) error { return every().JSON(w) })
}

// TestJSONKeys holds for the names that others rely on: those of the design, and
// what is added to them where there is something to say.
func TestJSONKeys(t *testing.T) {
	r := every()
	r.NotRun = 1
	r.Results[1].Reason = "all there is"
	object := decode(t, r)
	checkKeys(t, "", object, "not_run notes results subject suite summary")
	checkKeys(t, "suite", object["suite"], "requirements version")
	checkKeys(t, "suite.requirements[0]", object["suite"].(map[string]any)["requirements"].([]any)[0], "id level text")
	checkKeys(t, "subject", object["subject"], "language name release")
	checkKeys(t, "summary", object["summary"], "crash fail fixed known pass skip timeout")
	results := object["results"].([]any)
	checkKeys(t, "a result that passes", results[0], "duration_ms feature id level outcome requirements scenario")
	checkKeys(t, "a result with everything", results[1], "actual again duration_ms expected feature id level outcome reason requirements scenario stderr step wire")
}

// TestJSONOfNothing has empty lists, which whoever reads them need not tell from null.
func TestJSONOfNothing(t *testing.T) {
	object := decode(t, of(spec.Must))
	if results, ok := object["results"].([]any); !ok || len(results) > 0 {
		t.Errorf("results: got %v, expected an empty list", object["results"])
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
	want.Elapsed = 0 // not of it
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nexpected\n%+v", got, want)
	}
	if _, err := report.Read(strings.NewReader("TAP version 13")); err == nil || !strings.Contains(err.Error(), "--report json") {
		t.Errorf("got the error %v, expected one that tells what to give", err)
	}
}

// TestJSONHoldsAnyText because an adapter may print anything.
func TestJSONHoldsAnyText(t *testing.T) {
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
