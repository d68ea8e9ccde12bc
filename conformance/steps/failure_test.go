package steps

import (
	"errors"
	"fmt"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

func TestDiffer(t *testing.T) {
	for _, c := range []struct{ expected, actual, message string }{
		{"020104", "020105", "the first difference is at octet 2: 05, not 04"},
		{"020104", "0201", "the first difference is at octet 2: the octets end there"},
		{"0201", "020104", "the first difference is at octet 2: 04 where the octets should end"},
		{"020104", "", "the first difference is at octet 0: the octets end there"},
	} {
		expected, err := parseOctets(c.expected)
		if err != nil {
			t.Fatal(err)
		}
		actual, err := parseOctets(c.actual)
		if err != nil {
			t.Fatal(err)
		}
		f := difference(expected, actual)
		check(t, "expected", f.Expected, describe(expected))
		check(t, "actual", f.Actual, describe(actual)+"; "+c.message)
	}
}

func TestDescribe(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "no octets",
		"02 01 04":             "02 01 04 (response: tag 1, ok)",
		"02 01 04 03 00 02 00": "02 01 04 03 00 02 00 (response: tag 1, ok; EOF)",
		"02 01 04 03 00":       "02 01 04 03 00 (response: tag 1, ok; no whole packet)",
		"00 02 01 04":          "00 02 01 04 (no whole packet)",
	} {
		octets, err := parseOctets(text)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "description", describe(octets), want)
	}
}

// TestReplyFailure shows which errors are the subject's own, and so failures.
func TestReplyFailure(t *testing.T) {
	closed := adapter.Errorf(adapter.Closed, "too late")
	skipped := fmt.Errorf("%w: (%w)", ErrSkip, adapter.Errorf(adapter.Unsupported, "no"))
	for name, c := range map[string]struct {
		err  error
		fail bool
	}{
		"none":                     {nil, false},
		"the subject's":            {closed, true},
		"the subject's, wrapped":   {fmt.Errorf("request: %w", closed), true},
		"what skips a scenario":    {skipped, false},
		"the end of the adapter":   {adapter.ErrEnded, false},
		"a mistake in the feature": {mistake("x"), false},
	} {
		t.Run(name, func(t *testing.T) {
			got := replyFailure("an answer", c.err)
			var f *Failure
			if errors.As(got, &f) != c.fail {
				t.Fatalf("got %v, expected a failure: %t", got, c.fail)
			}
			if !c.fail && !errors.Is(got, c.err) {
				t.Errorf("got %v, expected the error as it was", got)
			}
			if c.fail {
				check(t, "failure", f.Expected+" / "+f.Actual, fmt.Sprintf("an answer / the error %v", c.err))
			}
		})
	}
}
