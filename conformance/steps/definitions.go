package steps

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cucumber/godog"
)

// definition is one step: how it reads, and what of a world carries it out.
type definition struct {
	expr   *regexp.Regexp
	action func(*World) any
}

// The words in braces of a step's pattern, and what they stand for. Octets and
// packets come with their meaning in parentheses.
var placeholders = strings.NewReplacer(
	"{octets}", `((?:[0-9a-f]{2,}(?:\*[0-9]+)? ?)*[0-9a-f]{2,}(?:\*[0-9]+)?)(?: \(([^)]*)\))?`,
	"{fields}", `(?: \(([^)]*)\))?`,
	"{packet}", `((?:request|response): .*|EOF|ERQ)`,
	"{name}", `"([^"]*)"`,
	"{n}", `([0-9]+)`,
	"{integer}", `(-?[0-9a-fx^]+(?:-1)?)`,
	"{seconds}", `([0-9.]+) s`,
)

func on(pattern string, action func(*World) any) definition {
	return definition{regexp.MustCompile("^" + placeholders.Replace(pattern) + "$"), action}
}

// definitions are all steps of the features.
var definitions = slices.Concat(codecSteps, openSteps, requesterSteps, manySteps, peerSteps, responderSteps, endSteps, timeSteps, memorySteps, vectorSteps)

// Register makes the steps of one scenario act on w.
func (w *World) Register(sc *godog.ScenarioContext) {
	for _, d := range definitions {
		sc.Step(d.expr, d.action(w))
	}
}
