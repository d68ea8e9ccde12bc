package steps

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/cucumber/godog"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// definitions returns all steps.
func definitions() (all []definition) {
	for _, a := range actors {
		all = append(all, a.steps...)
	}
	return all
}

// matching returns the definitions whose pattern a step's text matches.
func matching(text string) (found []definition) {
	for _, d := range definitions() {
		if d.expr.MatchString(text) {
			found = append(found, d)
		}
	}
	return found
}

// eachStep calls f with every step of the features.
func eachStep(t *testing.T, f func(where, text string)) {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, sc := range s.Scenarios {
		for _, text := range sc.Steps {
			f(fmt.Sprintf("%s:%d", sc.File, sc.Line), text)
		}
	}
}

// TestEveryStepHasOneMeaning finds undefined and ambiguous steps without running them.
func TestEveryStepHasOneMeaning(t *testing.T) {
	eachStep(t, func(where, text string) {
		found := matching(text)
		if len(found) == 1 {
			return
		}
		var patterns []string
		for _, d := range found {
			patterns = append(patterns, d.expr.String())
		}
		t.Errorf("%s: the step %q matches %d definitions, expected one: %q", where, text, len(found), patterns)
	})
}

// TestEveryDefinitionIsUsed finds definitions that no feature needs any more.
func TestEveryDefinitionIsUsed(t *testing.T) {
	used := map[string]bool{}
	eachStep(t, func(_, text string) {
		for _, d := range matching(text) {
			used[d.expr.String()] = true
		}
	})
	for _, d := range definitions() {
		if !used[d.expr.String()] {
			t.Errorf("no feature has a step that matches %s", d.expr)
		}
	}
}

// TestDefinitionsTakeWhatTheirPatternsGive holds the number of a pattern's groups
// against its action's parameters; only after them a table may follow.
func TestDefinitionsTakeWhatTheirPatternsGive(t *testing.T) {
	table := reflect.TypeFor[*godog.Table]()
	for _, d := range definitions() {
		action := d.bound
		if action.Kind() != reflect.Func || action.NumOut() != 1 || action.Out(0) != reflect.TypeFor[error]() {
			t.Errorf("%s: the action is a %v, expected a function that returns an error", d.expr, action)
			continue
		}
		params := 0
		for i := range action.NumIn() {
			switch kind := action.In(i).Kind(); {
			case action.In(i) == table:
				if i != action.NumIn()-1 || !strings.HasSuffix(d.expr.String(), ":$") {
					t.Errorf("%s: a table is the last parameter of a step that ends with a colon", d.expr)
				}
			case kind == reflect.String || kind == reflect.Int:
				params++
			default:
				t.Errorf("%s: parameter %d is a %v", d.expr, i+1, action.In(i))
			}
		}
		if groups := d.expr.NumSubexp(); groups != params {
			t.Errorf("%s: the pattern has %d groups, the action %d parameters", d.expr, groups, params)
		}
	}
}

// TestOctetsMeanWhatStandsBeside holds for all octets of the features that have
// their meaning beside them.
func TestOctetsMeanWhatStandsBeside(t *testing.T) {
	packets := regexp.MustCompile(`(?:^| )` + placeholders["{octets}"])
	found := 0
	eachStep(t, func(where, text string) {
		for _, m := range packets.FindAllStringSubmatch(text, -1) {
			octets, meaning := m[1], m[2]
			if !strings.HasPrefix(meaning, "re") && !strings.HasPrefix(meaning, "EOF") && !strings.HasPrefix(meaning, "not") {
				continue
			}
			found++
			if _, err := parsePackets(octets, meaning); err != nil {
				t.Errorf("%s: %q: %v", where, text, err)
			}
		}
	})
	if found < 200 {
		t.Errorf("found only %d octets with their meaning", found)
	}
}
