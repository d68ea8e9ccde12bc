package spec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

func TestLoad(t *testing.T) {
	s := load(t, files{
		"SPEC.md": `# Title

Version 1.0.

**B-2** *(should; decision)* Text that
goes on in a second line. And a sentence.

Not of it any more. **A-1** is named here, and is no requirement by that.

**A-1** *(must; documentation)* It is so.
`,
		"02-second.feature": `@A-1
Feature: The second

  @must
  Scenario: Both & more, in 2 words!
    Given it
    Then it is so
    And more:
      | a | bc |
      | é |    |
`,
		"01-first-one.feature": `Feature: The first

  @B-2 @should @extra
  Scenario: it
    Then it is so
`,
		"notes.txt": "no feature",
	})
	check(t, "requirements", fmt.Sprintf("%q", s.Requirements), `[`+
		`{"B-2" "should" "decision" "Text that goes on in a second line. And a sentence."} `+
		`{"A-1" "must" "documentation" "It is so."}]`)
	check(t, "scenarios", len(s.Scenarios), 2)

	first, second := s.Scenarios[0], s.Scenarios[1] // in the order of the files' names
	check(t, "id", first.ID, "first-one/it")
	check(t, "tags", strings.Join(first.Tags, " "), "@B-2 @should @extra")
	check(t, "level", first.Level, spec.Should)
	check(t, "id", second.ID, "second/both-more-in-2-words")
	check(t, "name", second.Name, "Both & more, in 2 words!")
	check(t, "feature", second.Feature, "The second")
	check(t, "requirements, of the feature's tags too", strings.Join(second.Requirements, " "), "A-1")
	check(t, "level", second.Level, spec.Must)
	check(t, "steps", strings.Join(second.Steps, "; "), "it; it is so; more:\n  | a | bc |\n  | é |    |")
	check(t, "file and line", fmt.Sprintf("%s:%d", second.File, second.Line), "02-second.feature:5")
}

func TestFormerIDs(t *testing.T) {
	s := load(t, files{"SPEC.md": one, "a.feature": strings.Replace(tested, "@A-1", "@A-1 @was:a/it-was-so @was:old/name", 1)})
	for _, id := range []string{"a/it-is-so", "a/it-was-so", "old/name"} {
		if sc, found := s.Scenario(id); !found || sc.ID != "a/it-is-so" {
			t.Errorf("%s: got %q, %t", id, sc.ID, found)
		}
	}
	check(t, "former ids", strings.Join(s.Scenarios[0].Was, " "), "a/it-was-so old/name")
}

func TestFind(t *testing.T) {
	s := load(t, files{"SPEC.md": one, "a.feature": tested})
	if r, found := s.Requirement("A-1"); !found || r.Text != "It is so." {
		t.Errorf("A-1: got %+v, %t", r, found)
	}
	if _, found := s.Requirement("A-10"); found {
		t.Error("A-10 is found")
	}
	if sc, found := s.Scenario("a/it-is-so"); !found || sc.Name != "it is so" {
		t.Errorf("a/it-is-so: got %+v, %t", sc, found)
	}
	if _, found := s.Scenario("a/it"); found {
		t.Error("a/it is found")
	}
	check(t, "scenarios that test A-1", len(s.Testing("A-1")), 1)
	check(t, "scenarios that test A-10", len(s.Testing("A-10")), 0)
}

// Load reports each way in which SPEC.md and the features can disagree.
func TestDisagreement(t *testing.T) {
	two := strings.Replace(one, "A-1", "A-2", 1)
	for name, c := range map[string]struct {
		f        files
		messages []string
	}{
		"no SPEC.md": {files{"a.feature": tested}, []string{"SPEC.md"}},
		"an unknown requirement": {
			files{"SPEC.md": one, "a.feature": strings.Replace(tested, "@A-1", "@A-1 @A-7", 1)},
			[]string{"a.feature:4: SPEC.md has no requirement A-7"},
		},
		"a requirement without a scenario": {
			files{"SPEC.md": one + two, "a.feature": tested}, []string{"SPEC.md: no scenario tests A-2"},
		},
		"no scenario at all": {files{"SPEC.md": one}, []string{"SPEC.md: no scenario tests A-1"}},
		"a repeated requirement": {
			files{"SPEC.md": one + "\n" + one, "a.feature": tested}, []string{"SPEC.md: two requirements have the id A-1"},
		},
		"another level": {
			files{"SPEC.md": one, "a.feature": strings.Replace(tested, "@must", "@should", 1)},
			[]string{"a.feature:4: the scenario is tagged @should, but A-1 is a must in SPEC.md"},
		},
		"two requirements of two levels": {
			files{"SPEC.md": one + strings.Replace(two, "must", "may", 1), "a.feature": strings.Replace(tested, "@A-1", "@A-1 @A-2", 1)},
			[]string{"a.feature:4: the scenario is tagged @must, but A-2 is a may in SPEC.md"},
		},
		"a former id that is an id": {
			files{"SPEC.md": one, "a.feature": tested + "\n  @A-1 @must @was:a/it-is-so\n  Scenario: two\n    Then it is so\n"},
			[]string{"a.feature:8: the scenario is tagged @was:a/it-is-so, but the one at a.feature:4 has or had this id"},
		},
		"its own id": {
			files{"SPEC.md": one, "a.feature": strings.Replace(tested, "@A-1", "@A-1 @was:a/it-is-so", 1)},
			[]string{"a.feature:4: the scenario is tagged @was:a/it-is-so, but the one at a.feature:4 has or had this id"},
		},
		"a former id of two": {
			files{"SPEC.md": one, "a.feature": strings.Replace(tested, "@A-1", "@A-1 @was:a/old", 1) + "\n  @A-1 @must @was:a/old\n  Scenario: two\n    Then it is so\n"},
			[]string{"a.feature:8: the scenario is tagged @was:a/old, but the one at a.feature:4 has or had this id"},
		},
		"a former id that is none": {
			files{"SPEC.md": one, "a.feature": strings.Replace(tested, "@A-1", "@A-1 @was:old", 1)},
			[]string{`a.feature:4: scenario "it is so": the tag @was:old names no scenario, as @was:tags/its-name does`},
		},
		"two scenarios of one name": {
			files{"SPEC.md": one, "a.feature": tested + strings.TrimPrefix(tested, "Feature: A\n")},
			[]string{"a.feature:8: the scenario has the same id as the one at a.feature:4, a/it-is-so", "give it another name"},
		},
		"names that differ in punctuation": {
			files{"SPEC.md": one, "a.feature": tested + "\n  @A-1 @must\n  Scenario: It, is so?\n    Then it is so\n"},
			[]string{"a.feature:8: the scenario has the same id"},
		},
		"rows of one name": {
			files{"SPEC.md": one, "a.feature": "Feature: A\n  @A-1 @must\n  Scenario Outline: it\n    Then <x>\n\n    Examples:\n      | x |\n      | 1 |\n      | 2 |\n"},
			[]string{"a.feature:9: the scenario has the same id as the one at a.feature:8, a/it", "in an outline, put a <placeholder> in the name"},
		},
		"several at once": {
			files{"SPEC.md": one + two, "a.feature": strings.Replace(tested, "@A-1", "@A-7", 1)},
			[]string{"no requirement A-7", "no scenario tests A-1", "no scenario tests A-2"},
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.f, c.messages...) })
	}
}

func TestMalformedRequirements(t *testing.T) {
	for line, message := range map[string]string{
		"**A-2** *(must, observed)* Text.": "2 lines begin with the id of a requirement, but only 1 have the form **ID** *(level; source)* text",
		"**A-2** (must; observed) Text.":   "but only 1 have the form",
		"**A-2** *(must; observed)*":       "but only 1 have the form",
		"**A-2** Text.":                    "but only 1 have the form",
		"**A-2** *(shall; observed)* Text": `A-2 has the level "shall", expected one of [must should may]`,
		"**A-2** *(must; invented)* Text.": `A-2 has the source "invented", expected documentation, observed or decision`,
	} {
		t.Run(line, func(t *testing.T) {
			refused(t, files{"SPEC.md": one + "\n" + line + "\n", "a.feature": tested}, "SPEC.md: ", message)
		})
	}
	t.Run("two without a blank line between", func(t *testing.T) {
		refused(t, files{"SPEC.md": one + strings.Replace(requirementOf(one), "A-1", "A-2", 1), "a.feature": tested}, "but only 1 have the form")
	})
}

func TestMalformedScenarios(t *testing.T) {
	for name, c := range map[string]struct{ feature, message string }{
		"no level":            {strings.Replace(tested, " @must", "", 1), `a.feature:4: scenario "it is so": it has no level, @must, @should or @may`},
		"two levels":          {strings.Replace(tested, "@must", "@must @may", 1), `a.feature:4: scenario "it is so": it has two levels, must and may`},
		"no requirement":      {strings.Replace(tested, "@A-1 ", "", 1), `a.feature:4: scenario "it is so": it names no requirement, as by the tag @EQ-2`},
		"a tag in lower case": {strings.Replace(tested, "@A-1", "@a-1", 1), "it names no requirement"},
		"no steps":            {strings.Replace(tested, "    Then it is so\n", "", 1), `a.feature:4: scenario "it is so": it has no steps`},
		"no Gherkin":          {"It is so.\n", "a.feature: "},
		"no feature":          {"# nothing\n", "a.feature: no feature in it"},
		"a rule":              {"Feature: A\n\n  Rule: one\n\n    @A-1 @must\n    Scenario: it is so\n      Then it is so\n", "a.feature:3: a feature here has scenarios, but no rules"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, files{"SPEC.md": one, "a.feature": c.feature}, c.message) })
	}
}

// Load accepts the specification that the command embeds.
func TestLoadOfTheSpecification(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range spec.Levels {
		if !slices.ContainsFunc(s.Scenarios, func(sc spec.Scenario) bool { return sc.Level == level }) {
			t.Errorf("no scenario has the level %s", level)
		}
	}
	if len(s.Requirements) < 80 || len(s.Scenarios) < 300 {
		t.Errorf("got %d requirements and %d scenarios, expected all", len(s.Requirements), len(s.Scenarios))
	}
}

// requirementOf returns a SPEC.md without what comes before its first requirement.
func requirementOf(text string) string {
	_, after, _ := strings.Cut(text, "**")
	return "**" + after
}
