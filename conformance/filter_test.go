package conformance_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/spec"
)

// selectable is the specification that the tests select from.
var selectable = &spec.Spec{
	Requirements: []spec.Requirement{{ID: "SHD-1"}, {ID: "SHD-10"}, {ID: "EQ-1"}, {ID: "EQ-2"}},
	Scenarios: []spec.Scenario{
		{ID: "shutdown/one", Name: "one", Requirements: []string{"SHD-1"}, Tags: []string{"@SHD-1", "@must"}},
		{ID: "shutdown/ten", Name: "ten of SHD-1", Requirements: []string{"SHD-10"}, Tags: []string{"@SHD-10", "@should"}},
		{ID: "equality/both", Name: "both", Requirements: []string{"EQ-1", "EQ-2"}, Tags: []string{"@EQ-1", "@EQ-2", "@must"}},
		{ID: "equality/two", Was: []string{"equality/second", "same/two"}, Name: "two", Requirements: []string{"EQ-2"}, Tags: []string{"@EQ-2", "@may"}},
		{ID: "dialect/later", Name: "later", Requirements: []string{"EQ-1"}, Tags: []string{"@EQ-1", "@must", "@dialect-2024"}},
		{ID: "dialect/either", Name: "either", Requirements: []string{"EQ-1"}, Tags: []string{"@EQ-1", "@dialect-2024", "@dialect-2021"}},
	},
}

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		name string
		f    conformance.Filter
		want string
	}{
		{"everything", conformance.Filter{}, "shutdown/one shutdown/ten equality/both equality/two dialect/either"},
		{"a requirement is just that one", conformance.Filter{Run: []string{"SHD-1"}}, "shutdown/one"},
		{"a requirement whose id another begins with", conformance.Filter{Run: []string{"SHD-10"}}, "shutdown/ten"},
		{"a requirement among a scenario's several", conformance.Filter{Run: []string{"EQ-2"}}, "equality/both equality/two"},
		{"an expression over requirements", conformance.Filter{Run: []string{"SHD-1$"}}, "shutdown/one shutdown/ten"},
		{"an anchored expression over requirements", conformance.Filter{Run: []string{"^SHD-1$"}}, "shutdown/one"},
		{"an expression over ids", conformance.Filter{Run: []string{"^equality/"}}, "equality/both equality/two"},
		{"the id of a scenario", conformance.Filter{Run: []string{"^shutdown/one$"}}, "shutdown/one"},
		{"an expression over names", conformance.Filter{Run: []string{"^(both|ten.*)$"}}, "shutdown/ten equality/both"},
		{"a former id", conformance.Filter{Run: []string{"^same/"}}, "equality/two"},
		{"several expressions", conformance.Filter{Run: []string{"SHD-1", "two", "EQ-2"}}, "shutdown/one equality/both equality/two"},
		{"all but a requirement", conformance.Filter{Skip: []string{"SHD-1"}}, "shutdown/ten equality/both equality/two dialect/either"},
		{"all but several", conformance.Filter{Skip: []string{"^shutdown/", "^both$", "^equality/second$"}}, "dialect/either"},
		{"some but not others", conformance.Filter{Run: []string{"EQ-1", "EQ-2"}, Skip: []string{"two"}}, "equality/both dialect/either"},
		{"tags", conformance.Filter{Tags: "@must"}, "shutdown/one equality/both"},
		{"both", conformance.Filter{Run: []string{"EQ-2"}, Tags: "not @must"}, "equality/two"},
		{"the first dialect", conformance.Filter{Run: []string{"^dialect/"}, Dialect: "2021"}, "dialect/either"},
		{"any dialect", conformance.Filter{Run: []string{"^dialect/"}, Dialect: "any"}, "dialect/later dialect/either"},
		{"a later dialect", conformance.Filter{Run: []string{"^dialect/"}, Dialect: "2024"}, "dialect/later dialect/either"},
	} {
		t.Run(c.name, func(t *testing.T) {
			selected, err := c.f.Select(selectable)
			if err != nil {
				t.Fatalf("got the error %v, expected %s", err, c.want)
			}
			var ids []string
			for _, sc := range selected {
				ids = append(ids, sc.ID)
			}
			check(t, "selected", strings.Join(ids, " "), c.want)
		})
	}
}

func TestFilterOfAnotherDialect(t *testing.T) {
	_, err := conformance.Filter{Run: []string{"later"}}.Select(selectable)
	if !errors.Is(err, conformance.ErrNothingSelected) || !strings.Contains(err.Error(), "are for another dialect\nhint: --dialect 2024") {
		t.Errorf("got %v, expected a hint at the other dialect", err)
	}
}

func TestFilterThatSelectsNothing(t *testing.T) {
	for _, f := range []conformance.Filter{
		{Skip: []string{"."}}, {Run: []string{"SHD-1"}, Skip: []string{"^shutdown/"}}, {Run: []string{"SHD-2"}}, {Run: []string{"^shutdown$"}}, {Tags: "@none"}, {Run: []string{"SHD-1"}, Tags: "@may"},
	} {
		_, err := f.Select(selectable)
		if !errors.Is(err, conformance.ErrNothingSelected) {
			t.Errorf("%s: got %v, expected ErrNothingSelected", f, err)
			continue
		}
		for _, words := range slices.Concat(f.Run, f.Skip, []string{f.Tags, "packetspec list"}) {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%s: got %q, expected it to say %q", f, err, words)
			}
		}
	}
}

// An expression that matches nothing is a mistake, even beside one that matches.
func TestFilterWithAnExpressionThatMatchesNothing(t *testing.T) {
	for message, f := range map[string]conformance.Filter{
		`no scenario is selected by --run "SHD-3"`:  {Run: []string{"SHD-1", "SHD-3"}},
		`no scenario is selected by --skip "SHD-3"`: {Skip: []string{"SHD-1", "SHD-3"}},
	} {
		_, err := f.Select(selectable)
		if !errors.Is(err, conformance.ErrNothingSelected) || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: got the error %v, expected %q", f, err, message)
		}
	}
}

func TestFilterWithAMistake(t *testing.T) {
	for message, f := range map[string]conformance.Filter{
		`--run is "(": it must be a regular expression: `:  {Run: []string{"("}},
		`--skip is "(": it must be a regular expression: `: {Skip: []string{"("}},
		`--tags is "must": `:                               {Tags: "must"},
		`--dialect is "1999": it must be 2021 or 2024`:     {Dialect: "1999"},
	} {
		_, err := f.Select(selectable)
		if err == nil || !strings.Contains(err.Error(), message) || errors.Is(err, conformance.ErrNothingSelected) {
			t.Errorf("%s: got the error %v, expected %q", f, err, message)
		}
	}
}

func TestShard(t *testing.T) {
	scenarios := []spec.Scenario{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}, {ID: "e"}}
	for text, want := range map[string]string{"1/1": "a b c d e", "1/2": "a c e", "2/2": "b d", "5/5": "e"} {
		shard, err := conformance.ParseShard(text)
		if err != nil {
			t.Fatal(err)
		}
		part, err := shard.Of(scenarios)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, sc := range part {
			ids = append(ids, sc.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: got %s, expected %s", text, got, want)
		}
	}
	if all, err := (conformance.Shard{}).Of(scenarios); err != nil || len(all) != len(scenarios) {
		t.Errorf("the zero Shard: got %d scenarios and %v, expected all", len(all), err)
	}
}

func TestShardOfNothing(t *testing.T) {
	for _, text := range []string{"", "1", "0/2", "3/2", "a/2", "1/b", "-1/2", "1/2/3"} {
		if _, err := conformance.ParseShard(text); err == nil {
			t.Errorf("%q is accepted as a shard", text)
		}
	}
	shard, err := conformance.ParseShard("2/2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shard.Of([]spec.Scenario{{ID: "a"}}); !errors.Is(err, conformance.ErrNothingSelected) {
		t.Errorf("got %v, expected ErrNothingSelected", err)
	}
}
