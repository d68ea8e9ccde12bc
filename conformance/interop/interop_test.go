package interop

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/schematest"
)

// newRun returns a run of all situations between adapters in this process.
func newRun(t *testing.T, adapters ...adapter.Starter) *Run {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	return &Run{
		Spec: s, Adapters: adapters, Situations: situations, Parallel: 2, Timeout: 5 * time.Second, StartTime: 30 * time.Second, Strict: true,
		Again: func(from, to int, situation string) string { return fmt.Sprintf("again %d %d %s", from, to, situation) },
	}
}

func do(t *testing.T, r *Run) *Results {
	t.Helper()
	results, err := r.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return results
}

var reference = adapter.InProcess{Implementation: goreference.Implementation{Release: "1"}}

// TestSound requires that two implementations that conform understand each other in every situation, in both roles,
// and that nothing is skipped but what the reference's types cannot express.
func TestSound(t *testing.T) {
	results := do(t, newRun(t, reference, mutant.InProcess{}))
	if len(results.Results) != 4*len(situations) || !results.Conforms {
		t.Errorf("%d results, conforms: %t", len(results.Results), results.Conforms)
	}
	for _, r := range results.Results {
		if r.Outcome != Pass {
			t.Errorf("%+v", r)
		}
	}
}

// TestLater does so in the dialect of 2024.
func TestLater(t *testing.T) {
	run := newRun(t, mutant.InProcess{Later: true})
	run.Later = true
	for _, r := range do(t, run).Results {
		if r.Outcome != Pass {
			t.Errorf("%+v", r)
		}
	}
}

// TestText shows the text of a run with a fault, and with a list of known deviations.
func TestText(t *testing.T) {
	run := newRun(t, reference, mutant.InProcess{Fault: "handler-gets-no-flags"})
	run.Situations = situations[:2]
	var out bytes.Buffer
	if err := do(t, run).Text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"FAIL     must    packetspec mutant handler-gets-no-flags breaks HND-2: wrong answer\n",
		"  situation  results: packetspec reference 1 requests, packetspec mutant handler-gets-no-flags responds\n",
		"  run again  again 0 1 results\n",
		" 1  packetspec reference 1                           2 of 2       1 of 2 f1\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, &out)
		}
	}
	out.Reset()
	if err := do(t, run).JSON(&out); err != nil {
		t.Fatal(err)
	}
	schematest.Check(t, "results.schema.json", out.Bytes())
	list, err := ReadKnown("known.txt", strings.NewReader("# a comment\n\npacketspec-mutant * HND-2 it loses flags\npacketspec-mutant payloads ENC-6 nothing\npacketspec-mutant payloads ENC-3? rarely\n"), run.Spec)
	if err != nil {
		t.Fatal(err)
	}
	run.Known = list
	results := do(t, run)
	if want := "known.txt:4: packetspec-mutant payloads ENC-6"; results.Conforms || !slices.Equal(results.Stale, []string{want}) {
		t.Errorf("conforms: %t, stale: %q", results.Conforms, results.Stale)
	}
	run.Known = list[:1]
	if results = do(t, run); !results.Conforms {
		t.Errorf("it does not conform: %+v", results.Results)
	}
}

func TestReadKnown(t *testing.T) {
	s := newRun(t).Spec
	for text, want := range map[string]string{
		"a b":                      "f:1: a known deviation reads: ADAPTER[/PEER] SITUATION REQUIREMENT reason\nhint: " + knownForm,
		"\na nothing TAG-1 reason": "f:2: there is no situation nothing\nhint: ",
		"a * TAG-99 reason":        "f:1: there is no requirement TAG-99\nhint: packetspec list shows all",
		"a/b results - it crashes": "",
	} {
		_, err := ReadKnown("f", strings.NewReader(text), s)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%q: got %v, expected %s", text, err, want)
		}
	}
}
