package steps

import (
	"errors"
	"fmt"
	"strings"

	"github.com/packetspec/packetspec/conformance/peer"
)

// A Failure reports that the subject did something different from what the scenario requires.
type Failure struct {
	Expected, Actual string
	TimedOut         bool // the scenario's time was over before what it expects came
}

func (f *Failure) Error() string {
	return fmt.Sprintf("expected %s, got %s", f.Expected, f.Actual)
}

func failf(expected, actual string, args ...any) *Failure {
	return &Failure{Expected: expected, Actual: fmt.Sprintf(actual, args...)}
}

// tally adds to a timeout how many of the awaited things had come before.
func tally(err error, came, of int, what string) error {
	var f *Failure
	if of > 1 && errors.As(err, &f) && f.TimedOut {
		f.Actual = fmt.Sprintf("%d of %d %s; then %s", came, of, what, f.Actual)
	}
	return err
}

// ErrSkip reports that the scenario cannot be run: the adapter lacks something that it needs, which
// [Lack] returns, or the runner does not see enough.
var ErrSkip = errors.New("skipped")

// A featureError reports a mistake in a feature file, such as octets that differ from their
// meaning in parentheses.
type featureError struct{ text string }

func (e *featureError) Error() string { return "mistake in the feature: " + e.text }

func mistake(format string, args ...any) error {
	return &featureError{fmt.Sprintf(format, args...)}
}

// difference returns the failure for octets that differ from the expected ones. It names the
// place of the first difference.
func difference(expected, actual []byte) *Failure {
	at := 0
	for at < len(expected) && at < len(actual) && expected[at] == actual[at] {
		at++
	}
	how := "the octets end there"
	switch {
	case at == len(actual):
	case at == len(expected):
		how = fmt.Sprintf("%02x where the octets should end", actual[at])
	default:
		how = fmt.Sprintf("%02x, not %02x", actual[at], expected[at])
	}
	return failf(describe(expected), "%s; the first difference is at octet %d: %s", describe(actual), at, how)
}

// maxDescribed bounds the packets in a message.
const maxDescribed = 40

// describe returns octets and their meaning, packet by packet. It cuts a long list.
func describe(octets []byte) string {
	if len(octets) == 0 {
		return "no octets"
	}
	var meanings []string
	for rest := octets; len(rest) > 0; {
		if len(meanings) == maxDescribed {
			meanings = append(meanings, fmt.Sprintf("… %d more octets", len(rest)))
			break
		}
		p, n, err := peer.Decode(rest)
		if n == 0 || err != nil {
			meanings = append(meanings, "no whole packet")
			break
		}
		meanings = append(meanings, p.String())
		rest = rest[n:]
	}
	return fmt.Sprintf("%s (%s)", peer.ShowHex(octets), strings.Join(meanings, "; "))
}
