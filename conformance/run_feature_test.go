package conformance_test

import (
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/report"
)

// TestFeaturesWithAMistake shows that a scenario that does not say what is to be
// tested is never passed.
func TestFeaturesWithAMistake(t *testing.T) {
	for name, c := range map[string]struct{ feature, told string }{
		"no scenario":       {"Feature: A\n", "0 scenarios"},
		"nothing at all":    {"", "0 scenarios"},
		"two scenarios":     {"Feature: A\n  Scenario: a\n    Then response: tag 0 encodes to 02 00 00\n  Scenario: b\n    Then response: tag 0 encodes to 02 00 00\n", "2 scenarios"},
		"an undefined step": {"Feature: A\n  Scenario: a\n    Then it is so\n", "it is so"},
		"an undefined step after another": {
			"Feature: A\n  Scenario: a\n    Then response: tag 0 encodes to 02 00 00\n    And it is so\n", "it is so",
		},
		"a step about nothing": {"Feature: A\n  Scenario: a\n    Then response: tag zero encodes to 02 00 00\n", `mistake in the feature: "zero" is not an integer`},
		"octets that are not what the words say": {
			"Feature: A\n  Scenario: a\n    Then response: tag 0 encodes to 02 00 00 (response: tag 1)\n", "mistake in the feature: 02 00 00 is not",
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := newFake(t, "right").run()
			run.Scenarios[0].Source = []byte(c.feature)
			r := results(t, run).Results[0]
			check(t, "outcome", r.Outcome, report.Fail)
			if told := r.Step + r.Actual; !strings.Contains(told, c.told) {
				t.Errorf("got %q, expected %q", told, c.told)
			}
		})
	}
}
