package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A mutant is one change of the code. Its fields identify it by the text of the line, not by
// the number, which edits above the line would change.
type mutant struct {
	file     string
	operator string
	line     string // the source line, with ^ before the changed token
}

func (m mutant) String() string { return m.file + " " + m.operator + " " + m.line }

// The statuses of surviving mutants in gremlins' results. A mutant that times out or does not
// compile does not survive.
const (
	lived      = "LIVED"
	notCovered = "NOT COVERED"
)

// readMutants reads gremlins' results and reports for each mutant whether it survives. The
// same change to equal lines counts as one mutant, which survives if any of them does.
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
				return nil, fmt.Errorf("%s has no line %d with a column %d: the results are of other code", f.Name, m.Line, m.Column)
			}
			key := mutant{filepath.Base(f.Name), m.Type, marked(lines[m.Line-1], m.Column)}
			survives[key] = survives[key] || m.Status == lived || m.Status == notCovered
		}
	}
	return survives, nil
}

// marked returns line with a ^ before a column, which counts bytes from 1.
func marked(line string, column int) string {
	return strings.TrimSpace(line[:column-1] + "^" + line[column-1:])
}

// readSurvivors reads the list of survivors, and returns the reason for each:
//
//	# why no feature can detect the mutants below
//	FILE OPERATOR LINE
//
// LINE has a ^ before the changed token. A reason applies until the next empty line.
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
			return nil, fmt.Errorf("%s:%d: a survivor without a reason: write the reason in a comment above it", name, n)
		default:
			fields := strings.SplitN(text, " ", 3)
			if len(fields) < 3 || !strings.Contains(fields[2], "^") {
				return nil, fmt.Errorf("%s:%d: %q is not of the form FILE OPERATOR LINE, with a ^ in the line", name, n, text)
			}
			reasons[mutant{fields[0], fields[1], fields[2]}] = reason
		}
	}
	return reasons, lines.Err()
}
