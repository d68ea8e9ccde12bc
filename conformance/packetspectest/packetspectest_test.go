package packetspectest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/packetspectest"
	"github.com/packetspec/packetspec/conformance/profile"
)

// variable is the environment variable that names the fault of the subject in a process that [inProcess]
// starts; options has more words for it.
const (
	variable = "PACKETSPECTEST_FAULT"
	options  = "PACKETSPECTEST_OPTIONS"
)

// TestSubject runs the suite as a user of the package does, in processes that other tests start.
func TestSubject(t *testing.T) {
	fault, started := os.LookupEnv(variable)
	if !started {
		t.Skip("other tests start it in processes of their own")
	}
	impl, err := mutant.New(fault)
	if err != nil {
		t.Fatal(err)
	}
	var all []packetspectest.Option
	for _, word := range strings.Fields(os.Getenv(options)) {
		name, value, _ := strings.Cut(word, "=")
		all = append(all, map[string]packetspectest.Option{
			"strict": packetspectest.Strict(), "failfast": packetspectest.FailFast(),
			"known": packetspectest.Known(value), "skip": packetspectest.Skip(value), "dialect": packetspectest.Dialect(value),
			"codec": packetspectest.Profile(profile.Codec),
		}[name])
	}
	if strings.Contains(os.Getenv(options), "codec") {
		impl = codec{impl}
	}
	packetspectest.Run(t, impl, all...)
	t.Log("Run has returned")
}

// codec is an implementation without any ability.
type codec struct{ adapter.Implementation }

func (c codec) Hello() adapter.Hello {
	h := c.Implementation.Hello()
	h.Supports = nil
	return h
}

// inProcess runs TestSubject in a process of its own, and returns what go test prints.
func inProcess(t *testing.T, run, fault, words string) (out string, passed bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", run)
	cmd.Env = append(os.Environ(), variable+"="+fault, options+"="+words)
	b, err := cmd.CombinedOutput()
	return string(b), err == nil
}

// count returns how many lines of an output match an expression.
func count(out, expr string) int { return len(regexp.MustCompile("(?m)"+expr).FindAllString(out, -1)) }

// TestOneScenario runs what the flags of go test select, and nothing else.
func TestOneScenario(t *testing.T) {
	out, passed := inProcess(t, "TestSubject/tags/^a-tag-is-used-again-after-its-answer$", "", "")
	if want := "--- PASS: TestSubject/tags/a-tag-is-used-again-after-its-answer "; !passed || !strings.Contains(out, want) {
		t.Errorf("expected %q in\n%s", want, out)
	}
	if n := count(out, `^ +--- \w+: TestSubject/\w+/`); n != 1 {
		t.Errorf("%d scenarios ran, expected one\n%s", n, out)
	}
}

// TestFailure shows the explanation of the report, and a command that runs the scenario again.
func TestFailure(t *testing.T) {
	out, passed := inProcess(t, "TestSubject/end-of-stream/", "eof-twice", "")
	if passed {
		t.Errorf("expected a failure, got\n%s", out)
	}
	for _, want := range []string{"expected ", "actual ", "requirement  EOS-4", "run again    go test -run '^TestSubject$/^end-of-stream$/^"} {
		if !strings.Contains(out, want) {
			t.Errorf("expected %q in\n%s", want, out)
		}
	}
	again := regexp.MustCompile(`go test -run '(.*)'`).FindStringSubmatch(out)
	if again == nil {
		t.Fatal("no command runs the scenario again")
	}
	if out, passed := inProcess(t, again[1], "eof-twice", ""); passed || count(out, `^ +--- FAIL: TestSubject/\w.*/`) != 1 {
		t.Errorf("expected one failure by %s, got\n%s", again[0], out)
	}
}

// TestFailFast starts no scenario after a failure, in no feature.
func TestFailFast(t *testing.T) {
	out, passed := inProcess(t, "TestSubject/(end-of-stream|shutdown)/", "eof-twice", "failfast")
	if passed || count(out, `^ +--- SKIP: TestSubject/shutdown/`) < 50 || !strings.Contains(out, "an earlier scenario has failed") {
		t.Errorf("expected the scenarios of shutdown to be skipped, got\n%s", out)
	}
}

// TestLevels skips a should that fails, with its explanation, unless all levels count.
func TestLevels(t *testing.T) {
	const scenario = "TestSubject/integers/the-shortest-form"
	out, passed := inProcess(t, scenario, "int-overlong", "")
	if !passed || !strings.Contains(out, "its level is should") || !strings.Contains(out, "expected ") {
		t.Errorf("expected skips with explanations, got\n%s", out)
	}
	if out, passed := inProcess(t, scenario, "int-overlong", "strict"); passed {
		t.Errorf("expected failures of strict, got\n%s", out)
	}
}

// TestKnown skips a scenario that deviates as listed, and fails one that is listed but passes.
func TestKnown(t *testing.T) {
	list := filepath.Join(t.TempDir(), "known.txt")
	line := "integers/the-shortest-form-of-0-is-written INT-2 fail it pads\n"
	if err := os.WriteFile(list, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	const scenario = "TestSubject/integers/^the-shortest-form-of-0-is-written$"
	if out, passed := inProcess(t, scenario, "int-overlong", "known="+list); !passed || !strings.Contains(out, "a known deviation: it pads") {
		t.Errorf("expected a skip, got\n%s", out)
	}
	if out, passed := inProcess(t, scenario, "", "known="+list); passed || !strings.Contains(out, "take it off the list") {
		t.Errorf("expected a failure, got\n%s", out)
	}
	if out, passed := inProcess(t, scenario, "", "known="+list+".missing"); passed || !strings.Contains(out, "known.txt.missing") {
		t.Errorf("expected the error of the missing file, got\n%s", out)
	}
}

// TestSelection leaves out what the options leave out, and waits for all scenarios.
func TestSelection(t *testing.T) {
	out, passed := inProcess(t, "TestSubject", "", "codec skip=^INT-")
	if !passed || count(out, `^ +--- PASS: TestSubject/packet-encoding/`) < 30 || strings.Contains(out, "TestSubject/integers/") || strings.Contains(out, "TestSubject/requests/") {
		t.Errorf("expected the codec without the integers, got\n%s", out)
	}
	if !strings.Contains(out, `the adapter does not support "equal"`) {
		t.Errorf("expected the reason of a skip, got\n%s", out)
	}
	if returned := strings.Index(out, "Run has returned"); returned < strings.LastIndex(out, "=== CONT") {
		t.Errorf("expected Run to return after all scenarios, got\n%s", out)
	}
	if out, passed := inProcess(t, "TestSubject", "", "dialect=2025"); passed || !strings.Contains(out, `--dialect is "2025"`) {
		t.Errorf("expected the error of the dialect, got\n%s", out)
	}
}
