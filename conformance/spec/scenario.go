package spec

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	gherkin "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
)

// A Scenario is one executable example: a scenario of a feature file, or one row of an outline.
type Scenario struct {
	ID           string   // unique: the names of the file and the scenario, as FILE/SCENARIO
	Was          []string // former ids, from the tags @was:ID; each is unique too
	Feature      string   // the feature's name
	Name         string
	Requirements []string // ids
	Level        Level
	Tags         []string // with the @
	Steps        []string // what [StepText] returns for each

	File string
	Line int
	// Source is a feature that holds this scenario alone: the lines of File that it needs,
	// and no others. godog parses it a second time, once a run, and is faster without them.
	Source []byte
}

var (
	requirementTag = regexp.MustCompile(`^@([A-Z]+-[0-9]+)$`)
	noWord         = regexp.MustCompile(`[^a-z0-9]+`)
	fileNumber     = regexp.MustCompile(`^[0-9]+-`)
	formerID       = regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+$`)
)

// slug converts a name to lower case, with hyphens between its words.
func slug(name string) string {
	return strings.Trim(noWord.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

func parseScenarios(file string, content []byte) ([]Scenario, error) {
	doc, err := gherkin.ParseGherkinDocument(bytes.NewReader(content), (&messages.Incrementing{}).NewId)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if doc.Feature == nil {
		return nil, fmt.Errorf("%s: no feature in it", file)
	}
	for _, child := range doc.Feature.Children {
		if child.Rule != nil { // layout does not handle the scenarios in a rule
			return nil, fmt.Errorf("%s:%d: a feature here has scenarios, but no rules", file, child.Rule.Location.Line)
		}
	}
	stem := fileNumber.ReplaceAllString(strings.TrimSuffix(path.Base(file), ".feature"), "")
	layout := newLayout(doc.Feature, content)
	var scenarios []Scenario
	for _, pickle := range gherkin.Pickles(*doc, file, (&messages.Incrementing{}).NewId) {
		s := Scenario{ID: stem + "/" + slug(pickle.Name), Feature: doc.Feature.Name, Name: pickle.Name, File: file}
		s.Line, s.Source = layout.isolate(pickle.AstNodeIds)
		for _, tag := range pickle.Tags {
			if !slices.Contains(s.Tags, tag.Name) {
				s.Tags = append(s.Tags, tag.Name)
			}
		}
		for _, step := range pickle.Steps {
			s.Steps = append(s.Steps, StepText(step))
		}
		if err := s.readTags(); err != nil {
			return nil, fmt.Errorf("%s:%d: scenario %q: %w", file, s.Line, s.Name, err)
		}
		scenarios = append(scenarios, s)
	}
	return scenarios, nil
}

// StepText returns the text of a step and, on lines of their own, the rows of its table if it has one.
func StepText(step *messages.PickleStep) string {
	if step.Argument == nil || step.Argument.DataTable == nil {
		return step.Text
	}
	rows := step.Argument.DataTable.Rows
	widths := make([]int, len(rows[0].Cells))
	for _, row := range rows {
		for i, cell := range row.Cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.Value))
		}
	}
	text := step.Text
	for _, row := range rows {
		text += "\n  |"
		for i, cell := range row.Cells {
			text += fmt.Sprintf(" %-*s |", widths[i], cell.Value)
		}
	}
	return text
}

// wasTag begins the tag with a former id of a scenario.
const wasTag = "@was:"

func (s *Scenario) readTags() error {
	for _, tag := range s.Tags {
		if id, was := strings.CutPrefix(tag, wasTag); was {
			if !formerID.MatchString(id) {
				return fmt.Errorf("the tag %s names no scenario, as %stags/its-name does", tag, wasTag)
			}
			s.Was = append(s.Was, id)
		}
		if m := requirementTag.FindStringSubmatch(tag); m != nil {
			s.Requirements = append(s.Requirements, m[1])
		}
		if level := Level(strings.TrimPrefix(tag, "@")); slices.Contains(Levels, level) {
			if s.Level != "" {
				return fmt.Errorf("it has two levels, %s and %s", s.Level, level)
			}
			s.Level = level
		}
	}
	switch {
	case len(s.Requirements) == 0:
		return fmt.Errorf("it names no requirement, as by the tag @EQ-2")
	case s.Level == "":
		return fmt.Errorf("it has no level, @must, @should or @may")
	case len(s.Steps) == 0:
		return fmt.Errorf("it has no steps")
	}
	return nil
}

// A layout says which lines of a feature file belong to which scenario.
type layout struct {
	lines  [][]byte
	always []span           // the lines of the feature itself and of its background
	nodes  map[string]place // scenarios, by the parser's ids
	rows   map[string]int   // lines of example rows, by the parser's ids
	tables map[string][]int // lines of all example rows of a scenario, by its id
}

// A span is a range of lines: from is the first, to the one after the last. Lines count from 1.
type span struct{ from, to int }

// A place is the line of a scenario's name, and the lines of the scenario with its tags.
type place struct {
	line int
	span
}

func newLayout(f *messages.Feature, content []byte) *layout {
	l := &layout{
		lines: bytes.Split(content, []byte("\n")),
		nodes: map[string]place{}, rows: map[string]int{}, tables: map[string][]int{},
	}
	end := len(l.lines) + 1
	for _, child := range slices.Backward(f.Children) {
		switch {
		case child.Background != nil:
			l.always = append(l.always, span{int(child.Background.Location.Line), end})
			end = int(child.Background.Location.Line)
		case child.Scenario != nil:
			sc := child.Scenario
			start := int(sc.Location.Line)
			for _, tag := range sc.Tags {
				start = min(start, int(tag.Location.Line))
			}
			l.nodes[sc.Id] = place{int(sc.Location.Line), span{start, end}}
			for _, examples := range sc.Examples {
				for _, row := range examples.TableBody {
					l.rows[row.Id] = int(row.Location.Line)
					l.tables[sc.Id] = append(l.tables[sc.Id], int(row.Location.Line))
				}
			}
			end = start
		}
	}
	l.always = slices.Insert(l.always, 0, span{1, end})
	return l
}

// isolate returns the lines that one scenario needs, and the line where the scenario begins.
// ids are the parser's: the scenario's own and, in an outline, the id of its row.
func (l *layout) isolate(ids []string) (line int, source []byte) {
	scenario := l.nodes[ids[0]]
	line = scenario.line
	if len(ids) > 1 {
		line = l.rows[ids[1]]
	}
	var kept [][]byte
	for _, s := range append(slices.Clone(l.always), scenario.span) {
		for i := s.from; i < s.to; i++ {
			if i == line || !slices.Contains(l.tables[ids[0]], i) {
				kept = append(kept, l.lines[i-1])
			}
		}
	}
	return line, bytes.Join(kept, []byte("\n"))
}
