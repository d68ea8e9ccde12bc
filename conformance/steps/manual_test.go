package steps

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	gherkin "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/packetspec/packetspec/features"
)

var update = flag.Bool("update", false, "write the manual, features/STEPS.md")

// manualFile is the manual of the step language.
const manualFile = "../../features/STEPS.md"

// A manualStep is the entry of one step.
type manualStep struct {
	Pattern, Text string
	Examples      []string
}

// TestManual fails if a step is undocumented, if no feature uses it or one of its options, or
// if the manual differs from the table of steps.
func TestManual(t *testing.T) {
	type section struct {
		Heading string
		Steps   []manualStep
	}
	lines := featureLines(t)
	var sections []section
	for _, g := range table {
		s := section{Heading: g.heading}
		for _, d := range g.steps {
			if !strings.HasSuffix(d.does, ".") {
				t.Errorf("%s: the manual does not say in a sentence what the step does: %q", d.pattern, d.does)
			}
			text := d.does
			if d.ability != "" {
				text += fmt.Sprintf(" Skips without the ability `%s`.", d.ability)
			}
			if d.waits != "" {
				text += " *Waits for " + d.waits + ".*"
			} else {
				text += " *Returns at once.*"
			}
			examples, missing := examplesOf(d, lines)
			for _, option := range missing {
				t.Errorf("%s: no feature uses the step %s", d.pattern, option)
			}
			s.Steps = append(s.Steps, manualStep{d.pattern, wrap(text, 95), examples})
		}
		sections = append(sections, s)
	}
	page := template.Must(template.ParseFiles("testdata/STEPS.md.tmpl"))
	var manual bytes.Buffer
	if err := page.Execute(&manual, sections); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(manualFile, manual.Bytes(), 0o644); err != nil { //nolint:gosec // a page for everybody
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(manualFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, manual.Bytes()) {
		t.Errorf("features/STEPS.md is stale: write it with go test ./conformance/steps -run TestManual -update")
	}
}

// A featureLine is a step as it stands in a feature, with its table.
type featureLine struct{ keyword, text, table string }

func (l featureLine) String() string { return l.keyword + " " + l.text + l.table }

// featureLines returns the steps of all features, each row of an outline apart.
func featureLines(t *testing.T) (lines []featureLine) {
	t.Helper()
	files, err := fs.Glob(features.FS, "*.feature")
	if err != nil {
		t.Fatal(err)
	}
	keywords := map[messages.PickleStepType]string{
		messages.PickleStepType_CONTEXT: "Given", messages.PickleStepType_ACTION: "When", messages.PickleStepType_OUTCOME: "Then",
	}
	for _, file := range files {
		content, err := features.FS.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ids := (&messages.Incrementing{}).NewId
		doc, err := gherkin.ParseGherkinDocument(bytes.NewReader(content), ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, pickle := range gherkin.Pickles(*doc, file, ids) {
			for _, step := range pickle.Steps {
				l := featureLine{keyword: keywords[step.Type], text: step.Text}
				if step.Argument != nil && step.Argument.DataTable != nil {
					for _, row := range step.Argument.DataTable.Rows {
						l.table += "\n      |"
						for _, cell := range row.Cells {
							l.table += " " + cell.Value + " |"
						}
					}
				}
				lines = append(lines, l)
			}
		}
	}
	return lines
}

// showsMore reports whether l is the better example: octets and packets with their meaning
// first, and then the shorter line.
func (l featureLine) showsMore(other featureLine) bool {
	meaning, otherMeaning := strings.Contains(l.text, "("), strings.Contains(other.text, "(")
	if meaning != otherMeaning {
		return meaning
	}
	return len(l.String()) < len(other.String())
}

// examplesOf returns the best line that uses a step and, for each of its options that this
// line does not show, the best that does. An option that no line shows is missing.
func examplesOf(d definition, lines []featureLine) (examples, missing []string) {
	expr, parts := options(d.pattern)
	shortest := map[string]featureLine{}
	for _, l := range lines {
		for _, option := range optionsUsed(expr, parts, l.text) {
			if best, found := shortest[option]; !found || l.showsMore(best) {
				shortest[option] = l
			}
		}
	}
	wanted := []string{"at all"}
	for _, part := range parts {
		wanted = append(wanted, part.options()...)
	}
	shown := map[string]bool{}
	for _, option := range wanted {
		l, found := shortest[option]
		if !found {
			missing = append(missing, option)
			continue
		}
		if shown[option] {
			continue
		}
		examples = append(examples, l.String())
		for _, also := range optionsUsed(expr, parts, l.text) {
			shown[also] = true
		}
	}
	return examples, missing
}

// A part is a piece of a pattern that may be left out, or is one of several words.
type part string

// options returns what a line may do with the part.
func (p part) options() (names []string) {
	if p[0] == '[' {
		return []string{"without " + string(p), "with " + string(p)}
	}
	for _, word := range strings.Split(strings.Trim(string(p), "{}"), "|") {
		names = append(names, "with "+word)
	}
	return names
}

// options returns the parts of a pattern, and its expression with a group for each: group p0
// for the first part, and so on.
func options(pattern string) (*regexp.Regexp, []part) {
	var parts []part
	var rewrite func(string) string
	rewrite = func(pattern string) string {
		return notLiteral.ReplaceAllStringFunc(pattern, func(s string) string {
			if s[0] != '[' && !strings.Contains(s, "|") {
				return expression(s)
			}
			group := fmt.Sprintf("(?P<p%d>", len(parts))
			parts = append(parts, part(s))
			inner := s[1 : len(s)-1]
			if s[0] == '[' {
				return group + rewrite(inner) + ")?"
			}
			return group + inner + ")"
		})
	}
	return regexp.MustCompile("^" + rewrite(pattern) + "$"), parts
}

// optionsUsed returns what a line does with each part, and nothing if it is another step.
func optionsUsed(expr *regexp.Regexp, parts []part, text string) []string {
	m := expr.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	used := []string{"at all"}
	for i, p := range parts {
		switch got := m[expr.SubexpIndex(fmt.Sprintf("p%d", i))]; {
		case p[0] == '{' && got != "":
			used = append(used, "with "+got)
		case p[0] == '[' && got != "":
			used = append(used, "with "+string(p))
		case p[0] == '[':
			used = append(used, "without "+string(p))
		}
	}
	return used
}

// wrap breaks text into lines of at most width characters.
func wrap(text string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(slices.Concat(lines, []string{line}), "\n")
}
