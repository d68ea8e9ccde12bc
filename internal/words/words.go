// Package words writes lists and numbers as sentences do.
package words

import (
	"fmt"
	"strings"
)

// Join returns words with commas between them, and with "and" or "or", which the caller chooses,
// before the last: a, b and c.
func Join[W ~string](words []W, last string) string {
	var s strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			s.WriteString(" " + last + " ")
		default:
			s.WriteString(", ")
		}
		s.WriteString(string(w))
	}
	return s.String()
}

// Count returns a number of things, named by a noun whose plural only adds an s: "1 run", "2 runs".
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Were returns what Count does, and a verb: "1 run was", "2 runs were".
func Were(n int, noun string) string {
	if n == 1 {
		return Count(n, noun) + " was"
	}
	return Count(n, noun) + " were"
}
