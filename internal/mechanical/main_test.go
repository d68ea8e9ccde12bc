package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const source = "package p\n\nfunc f(a, b int) bool {\n\treturn a < b && a+b > 0\n}\n"

func TestJudge(t *testing.T) {
	const killed = `{"type":"CONDITIONALS_BOUNDARY","status":"KILLED","line":4,"column":11}`
	const survivor = `{"type":"ARITHMETIC_BASE","status":"LIVED","line":4,"column":19}`
	const uncovered = `{"type":"CONDITIONALS_NEGATION","status":"NOT COVERED","line":4,"column":22}`
	const listed = "# because\nf.go ARITHMETIC_BASE return a < b && a^+b > 0\nf.go CONDITIONALS_NEGATION return a < b && a+b ^> 0\n"
	for name, test := range map[string]struct {
		mutations, list string
		ok              bool
		words           []string
	}{
		"all detected":             {killed, "", true, []string{"1 mutants, 0 of them undetectable", "100 %"}},
		"a survivor":               {killed + "," + survivor, "", false, []string{"survivors that are not listed", "f.go ARITHMETIC_BASE return a < b && a^+b > 0", "50 %"}},
		"one that is not run":      {killed + "," + uncovered, "", false, []string{"f.go CONDITIONALS_NEGATION"}},
		"listed survivors":         {strings.Join([]string{killed, survivor, uncovered}, ","), listed, true, []string{"3 mutants, 2 of them undetectable; the features detect 1 of the other 1", "100 %"}},
		"a listed one is detected": {killed + "," + survivor + `,{"type":"CONDITIONALS_NEGATION","status":"KILLED","line":4,"column":22}`, listed, false, []string{"remove them from the list", "a feature detects it"}},
		"a listed one is gone":     {killed + "," + survivor, listed, false, []string{"there is no such mutant"}},
	} {
		t.Run(name, func(t *testing.T) {
			ok, out, err := judged(t, `{"files":[{"file_name":"f.go","mutations":[`+test.mutations+`]}]}`, test.list)
			if err != nil || ok != test.ok {
				t.Errorf("got %t and %v, expected %t\n%s", ok, err, test.ok, out)
			}
			for _, words := range test.words {
				if !strings.Contains(out, words) {
					t.Errorf("got\n%s\nexpected it to contain %q", out, words)
				}
			}
		})
	}
}

func TestJudgeRefuses(t *testing.T) {
	for name, test := range map[string]struct{ results, list, words string }{
		"no JSON":          {"no", "", "results.json"},
		"other code":       {`{"files":[{"file_name":"f.go","mutations":[{"type":"X","status":"LIVED","line":40,"column":1}]}]}`, "", "other code"},
		"no reason":        {`{}`, "f.go X a ^< b\n", "without a reason"},
		"a reason for one": {`{}`, "# why\n\nf.go X a ^< b\n", "without a reason"},
		"no mark":          {`{}`, "# why\nf.go X a < b\n", "with a ^ in the line"},
	} {
		if _, _, err := judged(t, test.results, test.list); err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%s: got %v, expected an error that contains %q", name, err, test.words)
		}
	}
}

func judged(t *testing.T, results, list string) (ok bool, out string, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"f.go": source, "results.json": results, "list": list} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var s strings.Builder
	ok, err = judge(&s, filepath.Join(dir, "results.json"), filepath.Join(dir, "list"), dir)
	return ok, s.String(), err
}
