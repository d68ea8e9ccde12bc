package steps

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// definitions returns all steps.
func definitions() (all []definition) {
	for _, g := range table {
		all = append(all, g.steps...)
	}
	return all
}

// matching returns the definitions whose pattern a step matches.
func matching(text string) (found []definition) {
	for _, d := range definitions() {
		if d.matches(text) {
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

// TestMethodsTakeWhatPatternsCapture checks that each parameter of a method has a reader, and
// that the readers take as many groups as the pattern has. A table may follow them.
func TestMethodsTakeWhatPatternsCapture(t *testing.T) {
	for _, d := range definitions() {
		method := d.method.Type()
		if method.NumOut() != 1 || method.Out(0) != reflect.TypeFor[error]() {
			t.Errorf("%s: the method is a %v, expected it to return an error", d.expr, method)
		}
		groups := 0
		for i := 1; i < method.NumIn(); i++ {
			if method.In(i) == tableType {
				if i != method.NumIn()-1 || !strings.HasSuffix(d.pattern, ":") {
					t.Errorf("%s: a table is the last parameter of a step that ends with a colon", d.expr)
				}
				continue
			}
			r, found := readers[method.In(i)]
			if !found {
				t.Errorf("%s: no reader for parameter %d, a %v", d.expr, i, method.In(i))
			}
			groups += r.groups
		}
		if captured := d.expr.NumSubexp(); captured != groups {
			t.Errorf("%s: the pattern has %d groups, the method takes %d", d.expr, captured, groups)
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
