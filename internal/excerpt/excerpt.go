// Package excerpt shortens long lists of lines to their first and last ones.
package excerpt

import "fmt"

// The number of lines that an excerpt shows of the beginning and of the end. A failure
// is mostly explained by the end.
const (
	First = 20
	Last  = 40
)

// An Excerpt collects lines, one per packet, and keeps only those that it shows. Its zero
// value is empty and ready to use.
type Excerpt struct {
	first   []string
	last    []any
	omitted int // lines between first and last
}

// Add appends a line: a string, or a [fmt.Stringer] that is called only if the line is shown.
func (e *Excerpt) Add(line any) {
	if len(e.first) < First {
		e.first = append(e.first, fmt.Sprint(line))
		return
	}
	e.last = append(e.last, line)
	if len(e.last) > Last {
		e.last = e.last[1:]
		e.omitted++
	}
}

// Lines returns the lines to show. A line between them counts those that it omits.
func (e *Excerpt) Lines() []string {
	lines := e.first
	if e.omitted > 0 {
		lines = append(lines, fmt.Sprintf("… %d packets more …", e.omitted))
	}
	for _, line := range e.last {
		lines = append(lines, fmt.Sprint(line))
	}
	return lines
}

// Of returns the excerpt of lines.
func Of(lines []string) []string {
	var e Excerpt
	for _, line := range lines {
		e.Add(line)
	}
	return e.Lines()
}
