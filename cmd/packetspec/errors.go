package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/nearest"
	"github.com/packetspec/packetspec/internal/words"
)

// The exit statuses.
const (
	statusConforms  = 0 // or: done
	statusNot       = 1 // the subject does not conform, or the input is not what it should be
	statusUsage     = 2 // a mistake in the command line, or in a file that it names; nothing was run
	statusAdapter   = 3 // the adapter could not be started, or did not answer as one
	statusUnwritten = 4 // the run was done, but a report, a result or the standard output could not be written
)

// A statusError ends the command with a status. If err is nil nothing is printed: a report
// has said everything.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// explainError returns the exit status of an error of a command, which may be nil, and the text to
// print.
// Every error without a status is a mistake in the command line, whose text ends with a
// hint: what the user probably wants or, for want of better, where help is.
func explainError(cmd *cobra.Command, err error) (status int, text string) {
	if err == nil {
		return statusConforms, ""
	}
	if se := (*statusError)(nil); errors.As(err, &se) {
		return se.status, err.Error()
	}
	if !hint.IsIn(err) {
		err = hint.Add(err, "%s --help", cmd.CommandPath())
	}
	return statusUsage, err.Error()
}

// atLeast returns an error if the value of a flag is less than it may be.
func atLeast[N int | int64 | time.Duration](flag string, value, least N) error {
	if value < least {
		return fmt.Errorf("%s is %v: it must be at least %v", flag, value, least)
	}
	return nil
}

// mostRuns bounds how often a run or a scenario is repeated: a year would not be enough for more.
const mostRuns = 1_000_000

// atMost returns an error if the value of a flag is more than it may be.
func atMost(flag string, value, most int) error {
	if value > most {
		return hint.Add(fmt.Errorf("%s is %d: it must be at most %d", flag, value, most), "%s %d", flag, most)
	}
	return nil
}

// notEmpty returns an error if a flag that names a file was given an empty name, as by a variable
// that is not set.
func notEmpty(cmd *cobra.Command, flag string) error {
	if f := cmd.Flags().Lookup(flag); f.Changed && f.Value.String() == "" {
		return hint.Add(fmt.Errorf("--%s is empty: it must name a file", flag), "leave --%s out, or set the variable that holds the name", flag)
	}
	return nil
}

// aboveZero returns an error if the value of a flag is no length of time.
func aboveZero(flag string, value time.Duration) error {
	if value <= 0 {
		return fmt.Errorf("%s is %v: it must be above 0s", flag, value)
	}
	return nil
}

// oneOf returns an error if the value of a flag is not among those allowed.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return hint.Add(fmt.Errorf("%s is %q: it must be %s", flag, value, words.Join(allowed, "or")), "%s", nearest.Names(value, allowed, 1)[0])
}

// noArguments returns an error if a command without arguments is given any.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if args[0] == "" {
		return emptyWord(cmd, "an argument")
	}
	err := fmt.Errorf("%q is not a flag: %s has no arguments", args[0], cmd.CommandPath())
	if cmd.Flags().Lookup("run") != nil {
		return hint.Add(err, "%s --run %s", cmd.CommandPath(), args[0])
	}
	return err
}

// explainFlagError returns the error of a flag that does not exist, with the nearest that
// does, or of a flag whose value cannot be read, with a value that can.
func explainFlagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &missing) && missing.GetSpecifiedShortnames() == "":
		var flags []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
		return hint.Add(err, "--%s", nearest.Names(missing.GetSpecifiedName(), flags, 1)[0])
	case errors.As(err, &invalid) && hint.IsIn(err):
		return errors.Unwrap(invalid) // which names the flag and its value
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		allowed := map[string]string{"duration": "a length of time, such as 5s or 2m", "bool": "true or false"}[f.Value.Type()]
		allowed = cmp.Or(allowed, "a whole number")
		if errors.Is(err, strconv.ErrRange) {
			allowed += " of fewer digits"
		}
		return hint.Add(fmt.Errorf("--%s is %q: it must be %s", f.Name, invalid.GetValue(), allowed), "--%s %s", f.Name, f.DefValue)
	}
	return err
}

// unknownCommand adds to the error of a command that does not exist one that does, if there
// is one like it.
func unknownCommand(root *cobra.Command, args []string, err error) error {
	root.SuggestionsMinimumDistance = 2 // as cobra itself uses
	if like := root.SuggestionsFor(args[0]); len(like) > 0 {
		return hint.Add(err, "%s %s", root.Name(), like[0])
	}
	return err
}
