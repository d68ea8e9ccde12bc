// Package words writes lists as sentences do.
package words

import "strings"

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
