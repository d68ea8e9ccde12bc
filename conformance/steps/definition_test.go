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

// TestMethodsTakeWhatPatternsCapture compares the number of a pattern's groups with the
// parameters of its method. A table may follow them.
func TestMethodsTakeWhatPatternsCapture(t *testing.T) {
	table := reflect.TypeFor[*godog.Table]()
	for _, d := range definitions() {
		method := d.bound
		if method.Kind() != reflect.Func || method.NumOut() != 1 || method.Out(0) != reflect.TypeFor[error]() {
			t.Errorf("%s: the method is a %v, expected it to return an error", d.expr, method)
			continue
		}
		params := 0
		for i := range method.NumIn() {
			switch kind := method.In(i).Kind(); {
			case method.In(i) == table:
				if i != method.NumIn()-1 || !strings.HasSuffix(d.expr.String(), ":$") {
					t.Errorf("%s: a table is the last parameter of a step that ends with a colon", d.expr)
				}
			case kind == reflect.String || kind == reflect.Int:
				params++
			default:
				t.Errorf("%s: parameter %d is a %v", d.expr, i+1, method.In(i))
			}
		}
		if groups := d.expr.NumSubexp(); groups != params {
			t.Errorf("%s: the pattern has %d groups, the method %d parameters", d.expr, groups, params)
		}
	}
}

// TestOctetsHaveTheirMeaning checks all octets of the features that have a meaning in
// parentheses.
func TestOctetsHaveTheirMeaning(t *testing.T) {
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
