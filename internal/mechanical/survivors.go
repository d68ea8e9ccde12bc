package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

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
