// Package hint ends the text of an error with what the user probably wants.
package hint

import (
	"fmt"
	"strings"
)

const mark = "\nhint: "

// Add returns err with a hint on a line of its own.
func Add(err error, format string, args ...any) error {
	return fmt.Errorf("%w%s%s", err, mark, fmt.Sprintf(format, args...))
}

// IsIn reports whether the text of an error has a hint.
func IsIn(err error) bool { return strings.Contains(err.Error(), mark) }
