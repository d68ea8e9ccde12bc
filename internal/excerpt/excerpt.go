// Package excerpt shows how long lists begin and end.
package excerpt

import "fmt"

// How many lines an excerpt shows of the beginning, and of the end.
const (
	First = 20
	Last  = 40
)

// An Excerpt is made of lines of packets, of which it keeps only those that it shows.
type Excerpt struct {
	first []string
	last  []fmt.Stringer
	left  int // lines between
}

// Add adds a line, whose text is made only if it is shown.
func (e *Excerpt) Add(line fmt.Stringer) {
	if len(e.first) < First {
		e.first = append(e.first, line.String())
		return
	}
	e.last = append(e.last, line)
	if len(e.last) > Last {
		e.last = e.last[1:]
		e.left++
	}
}

// Lines are the lines to show, with one that tells of those that are not.
func (e *Excerpt) Lines() []string {
	lines := e.first
	if e.left > 0 {
		lines = append(lines, fmt.Sprintf("… %d packets more …", e.left))
	}
	for _, line := range e.last {
		lines = append(lines, line.String())
	}
	return lines
}

// Of is the excerpt of lines.
func Of(lines []string) []string {
	var e Excerpt
	for _, line := range lines {
		e.Add(text(line))
	}
	return e.Lines()
}

type text string

func (t text) String() string { return string(t) }
