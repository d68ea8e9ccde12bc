package spec_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	gherkin "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// rich has one of everything that Gherkin has and features may use.
const rich = `# a comment
@A-1
Feature: Rich
  What it is about.

  Background:
    Given something

  # of the first
  @must
  Scenario: plain
    When it happens:
      """
      Scenario: not one
      @must
      | 9 |
      """
    Then it is so:
      | a | b |
      | 1 | 2 |

  @must @extra
  @more
  Scenario Outline: row <n> of <case>
    When <n>

    Examples: the first
      | n | case |
      | 1 | one  |
      # between the rows
      | 2 | one  |

    @third
    Examples: the second

      | case | n |
      | two  | 3 |

  @must
  Scenario: last
    Then it is so`

// TestIsolate shows that a scenario's source holds that scenario, with all it needs
// in the order of the file, and nothing else.
func TestIsolate(t *testing.T) {
	s := load(t, files{"SPEC.md": one, "rich.feature": rich})
	whole := strings.Split(rich, "\n")
	for _, want := range []struct {
		id    string
		line  int
		lines string // of the whole file, those that are kept, without the empty ones; a comment counts with what is above it
		tags  string
	}{
		{"rich/plain", 11, "1 2 3 4 6 7 9 10 11 12 13 14 15 16 17 18 19 20", "@A-1 @must"},
		{"rich/row-1-of-one", 29, "1 2 3 4 6 7 9 22 23 24 25 27 28 29 30 33 34 36", "@A-1 @must @extra @more"},
		{"rich/row-2-of-one", 31, "1 2 3 4 6 7 9 22 23 24 25 27 28 30 31 33 34 36", "@A-1 @must @extra @more"},
		{"rich/row-3-of-two", 37, "1 2 3 4 6 7 9 22 23 24 25 27 28 30 33 34 36 37", "@A-1 @must @extra @more @third"},
		{"rich/last", 40, "1 2 3 4 6 7 9 39 40 41", "@A-1 @must"},
	} {
		t.Run(want.id, func(t *testing.T) {
			sc, found := s.Scenario(want.id)
			if !found {
				t.Fatal("there is no such scenario")
			}
			check(t, "line", sc.Line, want.line)
			check(t, "tags", strings.Join(sc.Tags, " "), want.tags)
			var expected []string
			for _, number := range strings.Fields(want.lines) {
				n, err := strconv.Atoi(number)
				if err != nil {
					t.Fatal(err)
				}
				expected = append(expected, whole[n-1])
			}
			var kept []string
			for line := range strings.Lines(string(sc.Source)) {
				if line = strings.TrimSuffix(line, "\n"); strings.TrimSpace(line) != "" {
					kept = append(kept, line)
				}
			}
			check(t, "lines kept", strings.Join(kept, "\n"), strings.Join(expected, "\n"))
			checkAlone(t, sc)
		})
	}
	check(t, "scenarios", len(s.Scenarios), 5)
}

// TestIsolateTheFeatures holds for every scenario there is.
func TestIsolateTheFeatures(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, sc := range s.Scenarios {
		checkAlone(t, sc)
	}
}

// checkAlone expects the source to be a feature with one scenario, sc.
func checkAlone(t *testing.T, sc spec.Scenario) {
	t.Helper()
	ids := (&messages.Incrementing{}).NewId
	doc, err := gherkin.ParseGherkinDocument(bytes.NewReader(sc.Source), ids)
	if err != nil {
		t.Errorf("%s: %v", sc.ID, err)
		return
	}
	pickles := gherkin.Pickles(*doc, sc.File, ids)
	if len(pickles) != 1 {
		t.Errorf("%s: its source has %d scenarios, expected one", sc.ID, len(pickles))
		return
	}
	check(t, sc.ID+": name", pickles[0].Name, sc.Name)
	var steps, tags []string
	for _, step := range pickles[0].Steps {
		steps = append(steps, spec.StepText(step))
	}
	for _, tag := range pickles[0].Tags {
		tags = append(tags, tag.Name)
	}
	check(t, sc.ID+": steps", strings.Join(steps, "\n"), strings.Join(sc.Steps, "\n"))
	check(t, sc.ID+": tags", strings.Join(tags, " "), strings.Join(sc.Tags, " "))
}
