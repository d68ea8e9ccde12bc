package steps

import "fmt"

// What Wire shows of a long exchange: how it began, and how it ended.
const (
	firstLines = 20
	lastLines  = 40
)

// An excerpt is the beginning and the end of a list of lines, however long: only what it
// shows is kept.
type excerpt struct {
	first []string
	last  []fmt.Stringer
	left  int // lines between
}

func (e *excerpt) add(line fmt.Stringer) {
	if len(e.first) < firstLines {
		e.first = append(e.first, line.String())
		return
	}
	e.last = append(e.last, line)
	if len(e.last) > lastLines {
		e.last = e.last[1:]
		e.left++
	}
}

func (e *excerpt) lines() []string {
	lines := e.first
	if e.left > 0 {
		lines = append(lines, fmt.Sprintf("… %d packets more …", e.left))
	}
	for _, line := range e.last {
		lines = append(lines, line.String())
	}
	return lines
}
