package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// A Level says what follows when a requirement is broken.
type Level string

// The levels.
const (
	Must   Level = "must"   // documented, or needed to understand each other
	Should Level = "should" // robustness, where the documentation is silent or the original defective
	May    Level = "may"    // informative
)

// Levels are all there are, the gravest first.
var Levels = []Level{Must, Should, May}

// A Requirement is one numbered sentence of SPEC.md.
type Requirement struct {
	ID     string
	Level  Level
	Source string // documentation, observed or decision
	Text   string // in one line
}

// Topic is the part of the id before the number.
func (r Requirement) Topic() string {
	topic, _, _ := strings.Cut(r.ID, "-")
	return topic
}

// requirement is how SPEC.md writes one:
//
//	**INT-1** *(must; observed)* Text, up to the next blank line.
var requirement = regexp.MustCompile(`(?m)^\*\*([A-Z]+-[0-9]+)\*\* \*\((\w+); (\w+)\)\* (.+(?:\n.+)*)`)

// numbered is what looks like a requirement, whether or not it is well written.
var numbered = regexp.MustCompile(`(?m)^\*\*[A-Z]+-[0-9]+\*\*`)

// parseRequirements reads the requirements of a SPEC.md, in its order.
func parseRequirements(text string) ([]Requirement, error) {
	var rs []Requirement
	for _, m := range requirement.FindAllStringSubmatch(text, -1) {
		r := Requirement{ID: m[1], Level: Level(m[2]), Source: m[3], Text: strings.Join(strings.Fields(m[4]), " ")}
		switch r.Level {
		case Must, Should, May:
		default:
			return nil, fmt.Errorf("SPEC.md: %s has the level %q, which is none of %v", r.ID, r.Level, Levels)
		}
		switch r.Source {
		case "documentation", "observed", "decision":
		default:
			return nil, fmt.Errorf("SPEC.md: %s has the source %q, which is none of documentation, observed, decision", r.ID, r.Source)
		}
		rs = append(rs, r)
	}
	if n := len(numbered.FindAllString(text, -1)); n != len(rs) {
		return nil, fmt.Errorf("SPEC.md: %d lines begin with a requirement's id, but only %d of them read **ID** *(level; source)* text", n, len(rs))
	}
	return rs, nil
}
