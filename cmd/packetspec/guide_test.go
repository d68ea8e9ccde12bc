package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	guidePage   = "../../conformance/adapter/ADAPTERS.md"
	exampleFile = "../../conformance/adapter/example/packets.py"
)

// A guideStep is what a reader of the guide does: put code into adapter.py, run a command, and see lines.
type guideStep struct{ code, args, shown string }

// guideSteps returns the steps of a section of the guide.
func guideSteps(t *testing.T, heading string) (steps []guideStep) {
	t.Helper()
	guide, err := os.ReadFile(guidePage)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(guide), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("the guide has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	block := "```%s\n(.*?)```\n.*?"
	expr := "(?s)" + strings.ReplaceAll(block, "%s", "python") +
		"```sh\n\\S*packetspec test (.*?) -- python3 adapter.py\n```\n.*?" + strings.ReplaceAll(block, "%s", "text")
	for _, m := range regexp.MustCompile(expr).FindAllStringSubmatch(section, -1) {
		steps = append(steps, guideStep{m[1], m[2], m[3]})
	}
	return steps
}

// guideTools returns the path of Python, and the implementation that the guide's adapters drive. It skips the test
// without Python.
func guideTools(t *testing.T) (python string, packets []byte) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("the guide's adapters are in Python, and python3 is not installed")
	}
	packets, err = os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return python, packets
}

// TestGuide does what the guide's first page and its worked example say, step by step, and sees what they show.
func TestGuide(t *testing.T) {
	python, packets := guideTools(t)
	for _, section := range []struct {
		heading, last string
		steps         int
	}{
		{"The first green scenario", "", 1},
		{"A worked example in Python", "serve()\n", 5},
	} {
		t.Run(section.heading, func(t *testing.T) {
			steps := guideSteps(t, section.heading)
			if len(steps) != section.steps {
				t.Fatalf("the section has %d steps, expected %d", len(steps), section.steps)
			}
			dir := t.TempDir()
			adapter := filepath.Join(dir, "adapter.py")
			writeFile(t, filepath.Join(dir, "packets.py"), string(packets))
			code := ""
			for i, step := range steps {
				if i == len(steps)-1 && i > 0 && testing.Short() {
					t.Skip("the last step runs the whole suite")
				}
				code += step.code + "\n\n"
				writeFile(t, adapter, code+section.last)
				var stdout, stderr bytes.Buffer
				args := append([]string{"test"}, strings.Fields(step.args)...)
				status := execute(t.Context(), append(args, "--", python, adapter), strings.NewReader(""), &stdout, &stderr)
				if status != statusConforms {
					t.Errorf("step %d: status %d, expected 0\n%s", i+1, status, stderr.String())
				}
				for line := range strings.Lines(step.shown) {
					if !strings.Contains(stdout.String(), line) {
						t.Errorf("step %d: %s: expected the line\n%sin\n%s", i+1, step.args, line, stdout.String())
					}
				}
				if verbose := strings.Contains(step.args, "-v"); verbose != (strings.Count(stdout.String(), "\nPASS ") > 0) {
					t.Errorf("step %d: %s: -v lists the scenarios that pass, and nothing else does; got\n%s", i+1, step.args, stdout.String())
				}
			}
		})
	}
}

// TestGuideLinks requires that each link of the guide to one of its sections names a heading.
func TestGuideLinks(t *testing.T) {
	guide, err := os.ReadFile(guidePage)
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllSubmatch(guide, -1) {
		words := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(string(heading[1])), "")
		anchors[strings.ReplaceAll(words, " ", "-")] = true
	}
	for _, link := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllSubmatch(guide, -1) {
		if !anchors[string(link[1])] {
			t.Errorf("the guide links to #%s, which is the anchor of no heading", link[1])
		}
	}
}

// TestGuideDoctor checks the finished adapter of the worked example.
func TestGuideDoctor(t *testing.T) {
	python, packets := guideTools(t)
	code := ""
	for _, step := range guideSteps(t, "A worked example in Python") {
		code += step.code + "\n\n"
	}
	dir := t.TempDir()
	adapter := filepath.Join(dir, "adapter.py")
	writeFile(t, filepath.Join(dir, "packets.py"), string(packets))
	writeFile(t, adapter, code+"serve()\n")
	var stdout, stderr bytes.Buffer
	args := []string{"doctor", "--timeout", "20s", "--", python, adapter}
	if status := execute(t.Context(), args, strings.NewReader(""), &stdout, &stderr); status != statusConforms {
		t.Errorf("status %d, expected 0\n%s%s", status, stdout.String(), stderr.String())
	}
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
