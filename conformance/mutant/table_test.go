package mutant_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/spec"
)

// TestTable holds the table of faults against the code that consults them, and
// against the specification.
func TestTable(t *testing.T) {
	s := loadSpec(t)
	uses := consulted(t)
	known := map[string]bool{}
	for _, f := range mutant.Faults() {
		if known[f.Name] {
			t.Errorf("there are two faults %s", f.Name)
		}
		known[f.Name] = true
		if _, ok := s.Requirement(f.Requirement); !ok {
			t.Errorf("%s: there is no requirement %s", f.Name, f.Requirement)
		}
		if !uses[f.Name] {
			t.Errorf("%s is consulted nowhere", f.Name)
		}
		if f.Text == "" || strings.ToLower(f.Name) != f.Name {
			t.Errorf("%s: a fault has a name in lower case, and a text", f.Name)
		}
	}
	for name := range uses {
		if !known[name] {
			t.Errorf("%s is consulted, but in no table", name)
		}
	}
	t.Logf("%d faults", len(known))
}

// TestEachRequirementHasAFault holds for all but those that are informative.
func TestEachRequirementHasAFault(t *testing.T) {
	breaking := map[string]int{}
	for _, f := range mutant.Faults() {
		breaking[f.Requirement]++
	}
	for _, q := range loadSpec(t).Requirements {
		if q.Level != spec.May && breaking[q.ID] == 0 {
			t.Errorf("no fault breaks %s (%s)", q.ID, q.Level)
		}
	}
}

// consulted are the names of the faults that the code consults.
func consulted(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	call := regexp.MustCompile(`\b(?:has|unless|tickUnless|leak)\("([^"]+)"`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range call.FindAllSubmatch(code, -1) {
			names[string(match[1])] = true
		}
	}
	return names
}

func TestUnknownFault(t *testing.T) {
	for name, near := range map[string]string{
		"eof-twise":      "eof-twice",
		"twice-eof":      "eof-twice",
		"oks-inverted":   "ok-inverted",
		"grace-ignore":   "grace-ignored",
		"handlers-four":  "four-handlers",
		"shutdown-hangs": "second-shutdown-hangs",
	} {
		_, err := mutant.New(name)
		if err == nil {
			t.Errorf("%s is taken for a fault", name)
			continue
		}
		if !strings.Contains(err.Error(), `"`+name+`"`) || !strings.Contains(err.Error(), `"`+near+`"`) {
			t.Errorf("the error of %s does not tell of %s: %v", name, near, err)
		}
	}
}

func TestEachFaultCanBeMade(t *testing.T) {
	for _, f := range mutant.Faults() {
		impl, err := mutant.New(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if h := impl.Hello(); !strings.HasPrefix(h.Release, f.Name) {
			t.Errorf("the mutant with %s says that it is %s", f.Name, h.Release)
		}
	}
}
