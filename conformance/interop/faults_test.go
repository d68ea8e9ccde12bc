package interop

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/mutant"
)

var (
	update = flag.Bool("update", false, "write the table of the faults anew")
	all    = flag.Bool("all", false, "try every fault")
)

// TestFaults has a mutant with each fault talk to an implementation without one, in both roles, until something is
// found. The table in testdata says for each fault what is found first; the sound side is never blamed. Without
// -all or -update it tries some of the faults.
func TestFaults(t *testing.T) {
	table := filepath.Join("testdata", "faults.txt")
	before, _ := os.ReadFile(table)
	known := map[string]string{}
	for line := range strings.Lines(string(before)) {
		name, shown, _ := strings.Cut(strings.TrimSpace(line), " ")
		known[name] = strings.TrimSpace(shown)
	}
	lines := make([]string, len(mutant.Faults()))
	t.Run("faults", func(t *testing.T) {
		for i, f := range mutant.Faults() {
			if _, listed := known[f.Name]; !listed && !*update && f.Symptom != mutant.Crashes {
				t.Errorf("the table lacks %s: go test ./conformance/interop -run TestFaults -update", f.Name)
			}
			if f.Symptom == mutant.Crashes || !*all && !*update && i%40 != 0 {
				continue // a crash would end this process
			}
			t.Run(f.Name, func(t *testing.T) {
				t.Parallel()
				shown := firstFinding(t, f)
				lines[i] = fmt.Sprintf("%s %s\n", f.Name, shown)
				if (shown == nothing) != (known[f.Name] == nothing) && !*update {
					t.Errorf("the table says %q, and it shows %q", known[f.Name], shown)
				}
			})
		}
	})
	if *update {
		if err := os.WriteFile(table, []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// nothing stands in the table for a fault that shows in no situation.
const nothing = "-"

// firstFinding returns what is found first of a fault: the situation, the requirement and the kind.
func firstFinding(t *testing.T, f mutant.Fault) string {
	run := newRun(t, mutant.InProcess{Fault: f.Name}, mutant.InProcess{Later: f.Later()})
	run.Later, run.Timeout, run.FailFast, run.Parallel = f.Later(), 5*time.Second, true, 1
	run.Situations = slices.DeleteFunc(Situations(), func(s Situation) bool { return s.ID == "large" }) // it shows no more than others, later
	run.Pair = func(from, to int) bool { return from != to }
	for _, r := range do(t, run).Results {
		for _, x := range r.Findings {
			if !strings.Contains(x.Adapter, f.Name) {
				t.Errorf("the sound side is blamed: %+v", r)
			}
			return fmt.Sprintf("%s %s %s", r.Situation, x.Requirement, x.Kind)
		}
		if r.Outcome == Fail {
			return r.Situation
		}
	}
	return nothing
}
