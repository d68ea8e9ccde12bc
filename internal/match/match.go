// Package match finds things by the regular expressions that the values of a flag are.
package match

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
)

// Names are what expressions match of a thing.
type Names struct {
	// IDs are matched like Others, except that an expression that is the id of a thing matches
	// only the things that have just this id: SHD-1 does not match SHD-10.
	IDs    []string
	Others []string
}

// A NothingError reports an expression that matches nothing. It is a mistake, which other
// expressions beside it would hide.
type NothingError struct{ Flag, Value string }

func (e *NothingError) Error() string { return fmt.Sprintf("nothing matches %s %q", e.Flag, e.Value) }

// Any returns a function that reports whether one of the values of a flag matches a thing. The error
// is of a value that is no regular expression or, as a [*NothingError], matches none of all.
func Any[T any](flag string, values []string, all []T, names func(T) Names) (func(T) bool, error) {
	var matchers []func(T) bool
	for _, value := range values {
		expr, err := regexp.Compile(value)
		if syntaxErr := (*syntax.Error)(nil); errors.As(err, &syntaxErr) {
			return nil, fmt.Errorf("%s is %q: it must be a regular expression: %s at %q", flag, value, syntaxErr.Code, syntaxErr.Expr)
		}
		if err != nil {
			return nil, fmt.Errorf("%s is %q: it must be a regular expression: %w", flag, value, err)
		}
		isID := func(thing T) bool { return slices.Contains(names(thing).IDs, value) }
		matches := func(thing T) bool {
			n := names(thing)
			return slices.ContainsFunc(n.IDs, expr.MatchString) || slices.ContainsFunc(n.Others, expr.MatchString)
		}
		if slices.ContainsFunc(all, isID) {
			matches = isID
		} else if !slices.ContainsFunc(all, matches) {
			return nil, &NothingError{flag, value}
		}
		matchers = append(matchers, matches)
	}
	return func(thing T) bool {
		return slices.ContainsFunc(matchers, func(matches func(T) bool) bool { return matches(thing) })
	}, nil
}
