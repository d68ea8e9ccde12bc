package spec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Level says how much a requirement weighs; SPEC.md defines the levels.
type Level string

// The levels. Breaking a Must makes an implementation nonconforming.
const (
	Must   Level = "must"   // documented, or needed by two peers to understand each other
	Should Level = "should" // robustness, where the documentation is silent or the original is defective
	May    Level = "may"    // informative
)

// Levels lists every level, the most important first.
var Levels = []Level{Must, Should, May}

// A Requirement is one numbered sentence of SPEC.md.
type Requirement struct {
	ID     string
	Level  Level
	Source string // documentation, observed or decision
	Text   string // one line
}

// requirement matches a requirement of SPEC.md:
//
//	**INT-1** *(must; observed)* Text, up to the next blank line.
var requirement = regexp.MustCompile(`(?m)^\*\*([A-Z]+-[0-9]+)\*\* \*\((\w+); (\w+)\)\* (.+(?:\n.+)*)`)

// numbered matches the beginning of a requirement, even of a malformed one.
var numbered = regexp.MustCompile(`(?m)^\*\*[A-Z]+-[0-9]+\*\*`)

// specVersion matches the line of SPEC.md that names its version: Version 1.0.
var specVersion = regexp.MustCompile(`(?m)^Version ([0-9]+\.[0-9]+)\.$`)

func parseVersion(text string) (string, error) {
	m := specVersion.FindStringSubmatch(text)
	if m == nil {
		return "", errors.New("SPEC.md: no line names the version of the specification, as \"Version 1.0.\" does")
	}
	return m[1], nil
}

func parseRequirements(text string) ([]Requirement, error) {
	var rs []Requirement
	for _, m := range requirement.FindAllStringSubmatch(text, -1) {
		r := Requirement{ID: m[1], Level: Level(m[2]), Source: m[3], Text: strings.Join(strings.Fields(m[4]), " ")}
		if !slices.Contains(Levels, r.Level) {
			return nil, fmt.Errorf("SPEC.md: %s has the level %q, expected one of %v", r.ID, r.Level, Levels)
		}
		if !slices.Contains([]string{"documentation", "observed", "decision"}, r.Source) {
			return nil, fmt.Errorf("SPEC.md: %s has the source %q, expected documentation, observed or decision", r.ID, r.Source)
		}
		rs = append(rs, r)
	}
	if n := len(numbered.FindAllString(text, -1)); n != len(rs) {
		return nil, fmt.Errorf("SPEC.md: %d lines begin with the id of a requirement, but only %d have the form **ID** *(level; source)* text", n, len(rs))
	}
	return rs, nil
}
