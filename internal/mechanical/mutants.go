package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A mutant is one change of the code, named by what does not move when lines above it
// come or go.
type mutant struct {
	file     string
	operator string
	line     string // the source line, with ^ before what is changed
}

func (m mutant) String() string { return m.file + " " + m.operator + " " + m.line }

// The statuses of mutants. Those that end by a time limit or do not compile are none
// that survive.
const (
	lived      = "LIVED"
	notCovered = "NOT COVERED"
)

// readMutants reads gremlins' results and tells which mutants survived. The same change
// of several equal lines counts as one, which survives if any does.
func readMutants(results, source string) (survives map[mutant]bool, err error) {
	octets, err := os.ReadFile(results)
	if err != nil {
		return nil, err
	}
	var found struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Type, Status string
				Line, Column int
			}
		}
	}
	if err := json.Unmarshal(octets, &found); err != nil {
		return nil, fmt.Errorf("%s: %w", results, err)
	}
	survives = map[mutant]bool{}
	for _, f := range found.Files {
		code, err := os.ReadFile(filepath.Join(source, filepath.Base(f.Name)))
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(code), "\n")
		for _, m := range f.Mutations {
			if m.Line < 1 || m.Line > len(lines) || m.Column < 1 || m.Column > len(lines[m.Line-1])+1 {
				return nil, fmt.Errorf("%s: there is no line %d with a column %d: the results are of other code", f.Name, m.Line, m.Column)
			}
			key := mutant{filepath.Base(f.Name), m.Type, marked(lines[m.Line-1], m.Column)}
			survives[key] = survives[key] || m.Status == lived || m.Status == notCovered
		}
	}
	return survives, nil
}

// marked is a line with a mark before a column, from 1 on, counted in octets.
func marked(line string, column int) string {
	return strings.TrimSpace(line[:column-1] + "^" + line[column-1:])
}

// readSurvivors reads the list of survivors:
//
//	# why no feature can find those that follow
//	FILE OPERATOR LINE
//
// with a ^ in the line before what is changed. Each reason holds until the next empty
// line.
func readSurvivors(name string) (reasons map[mutant]string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	reasons = map[mutant]string{}
	reason := ""
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		comment, isComment := strings.CutPrefix(text, "#")
		switch {
		case text == "":
			reason = ""
		case isComment:
			reason = strings.TrimSpace(reason + " " + strings.TrimSpace(comment))
		case reason == "":
			return nil, fmt.Errorf("%s:%d: a survivor without a reason: a comment above tells it", name, n)
		default:
			fields := strings.SplitN(text, " ", 3)
			if len(fields) < 3 || !strings.Contains(fields[2], "^") {
				return nil, fmt.Errorf("%s:%d: a survivor reads FILE OPERATOR LINE, with a ^ in the line", name, n)
			}
			reasons[mutant{fields[0], fields[1], fields[2]}] = reason
		}
	}
	return reasons, lines.Err()
}
