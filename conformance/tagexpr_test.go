package conformance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/spec"
)

// TestTagExpressions selects among scenarios with each set of the tags @a, @b and @c.
func TestTagExpressions(t *testing.T) {
	s := &spec.Spec{}
	for _, set := range []string{"-", "a", "b", "ab", "c", "ac", "bc", "abc"} {
		sc := spec.Scenario{ID: set}
		for _, tag := range strings.Trim(set, "-") {
			sc.Tags = append(sc.Tags, "@"+string(tag))
		}
		s.Scenarios = append(s.Scenarios, sc)
	}
	for expr, want := range map[string]string{
		"@a":                                "a ab ac abc",
		"not @a":                            "- b c bc",
		"not not @a":                        "a ab ac abc",
		"@a and @b":                         "ab abc",
		"@a or @b":                          "a b ab ac bc abc",
		"@a or @b and @c":                   "a ab ac bc abc",
		"@b and @c or @a":                   "a ab ac bc abc",
		"(@a or @b) and @c":                 "ac bc abc",
		"@c and (@a or @b)":                 "ac bc abc",
		"not @a and @b":                     "b bc",
		"not (@a and @b)":                   "- a b c ac bc",
		"not @a or @b":                      "- b ab c bc abc",
		"not (@a or @b or @c)":              "-",
		"@a and @b and @c":                  "abc",
		"@a and not @b and not @c":          "a",
		"((@a))":                            "a ab ac abc",
		"(@a)and(@b)":                       "ab abc",
		"@a and ( @b or not ( @c or @b ) )": "a ab abc",
		"  @a\tand\n@b ":                    "ab abc",
		"@a or @a and not @a":               "a ab ac abc",
		"not @nobody-has-it":                "- a b ab c ac bc abc",
		"@a and @a":                         "a ab ac abc",
	} {
		selected, err := conformance.Filter{Tags: expr}.Select(s)
		if err != nil {
			t.Errorf("%q: got the error %v, expected %s", expr, err, want)
			continue
		}
		var ids []string
		for _, sc := range selected {
			ids = append(ids, sc.ID)
		}
		check(t, expr, strings.Join(ids, " "), want)
	}
}

func TestTagExpressionsWithAMistake(t *testing.T) {
	for expr, message := range map[string]string{
		" ":           "it ends where a tag should be",
		"@a and":      "it ends where a tag should be",
		"not":         "it ends where a tag should be",
		"(":           "it ends where a tag should be",
		"()":          `")" is not a tag`,
		"a":           `"a" is not a tag: a tag begins with @`,
		"@":           `"@" is not a tag`,
		"and @a":      `"and" is not a tag`,
		"@a and or":   `"or" is not a tag`,
		"@a not @b":   `"not" is out of place`,
		"@a @b":       `"@b" is out of place`,
		"@a, @b":      `"@b" is out of place`,
		"@a)":         `")" is out of place`,
		"(@a":         "a closing parenthesis is missing",
		"(@a @b)":     "a closing parenthesis is missing",
		"@a && @b":    `"&&" is out of place`,
		"@a AND @b":   `"AND" is out of place`,
		"not (@a and": "it ends where a tag should be",
	} {
		_, err := conformance.Filter{Tags: expr}.Select(&spec.Spec{})
		if err == nil {
			t.Errorf("%q: got no error, expected %q", expr, message)
			continue
		}
		for _, words := range []string{fmt.Sprintf("--tags is %q: ", expr), message, "\nhint: a tag expression is like: @must and not (@EQ-1 or @EQ-2)"} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%q: got %q, expected it to say %q", expr, err, words)
			}
		}
	}
}
