package inprocess

import "fmt"

// A Breach is what an input has shown to be wrong, with the requirement of
// features/SPEC.md that it breaks.
type Breach struct {
	Requirement string // its id
	While       string // what was done
	Expected    string
	Got         string
}

func (b *Breach) Error() string {
	return fmt.Sprintf("%s: %s\nexpected %s\ngot      %s", b.Requirement, b.While, b.Expected, b.Got)
}

// breaks begins a Breach: breaks("DEC-1", "decoding % x", b).expected("…").got("…").
func breaks(requirement, format string, args ...any) *Breach {
	return &Breach{Requirement: requirement, While: fmt.Sprintf(format, args...)}
}

func (b *Breach) expected(format string, args ...any) *Breach {
	b.Expected = fmt.Sprintf(format, args...)
	return b
}

func (b *Breach) got(format string, args ...any) error {
	b.Got = fmt.Sprintf(format, args...)
	return b
}
