// Package record holds what happened in one scenario: the octets of both ends of each
// connection, the commands to the adapter and its replies, in the order of time.
package record

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A Source names who caused an event.
type Source string

// The sources. The peer and the subject are the two ends of a connection; the runner sends the
// commands to which the adapter replies.
const (
	Peer    Source = "peer"
	Subject Source = "subject"
	Runner  Source = "runner"
	Adapter Source = "adapter"
)

// An Event is one thing that happened. It has octets or a text.
type Event struct {
	// At is the time since the scenario began.
	At Milliseconds `json:"at_ms"`
	// Conn numbers the connection from 1, in the order in which the scenario opened them. It is 0
	// for commands and replies, whose text names the connection.
	Conn int    `json:"conn,omitempty"`
	From Source `json:"from"`
	// Octets are those of one write or one read.
	Octets Octets `json:"octets,omitempty"`
	// Text is a command, a reply, or what else an end did, such as closing its pipe.
	Text string `json:"text,omitempty"`
	// Omitted counts the octets, or the bytes of a text, that were left out at the end of the event.
	Omitted int `json:"omitted,omitempty"`
	// Skipped counts the events that were left out before this one.
	Skipped int `json:"skipped,omitempty"`
}

// Octets are written to JSON as hex digits.
type Octets []byte

// MarshalText implements [encoding.TextMarshaler].
func (o Octets) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, o), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (o *Octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// Milliseconds are a duration that JSON shows in milliseconds, with three decimals.
type Milliseconds time.Duration

// MarshalJSON implements [json.Marshaler].
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(m)/float64(time.Millisecond)), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Milliseconds) UnmarshalJSON(b []byte) error {
	var ms float64
	if err := json.Unmarshal(b, &ms); err != nil {
		return err
	}
	*m = Milliseconds(ms * float64(time.Millisecond))
	return nil
}

// A Limit bounds what a record keeps.
type Limit struct {
	Events int // the most, half of them from the beginning and half from the end
	Each   int // octets, or bytes of text, of one event
	Bytes  int // octets and bytes of text of all events
}

// Cut returns at most as many events as the limit allows, and at most as much of each. What it
// leaves out is counted in Omitted and Skipped. The events share their octets with its result.
func (l Limit) Cut(events []Event) []Event {
	if more := len(events) - l.Events; more > 0 {
		first := l.Events / 2
		last := slices.Clone(events[first+more:])
		if len(last) > 0 {
			last[0].Skipped += more
		}
		events = slices.Concat(events[:first], last)
	} else {
		events = slices.Clone(events)
	}
	left := l.Bytes
	for i := range events {
		e := &events[i]
		keep := max(0, min(l.Each, left))
		if over := len(e.Octets) - keep; over > 0 {
			e.Octets, e.Omitted = e.Octets[:keep], e.Omitted+over
		}
		if over := len(e.Text) - keep; over > 0 {
			e.Text, e.Omitted = e.Text[:keep], e.Omitted+over
		}
		left -= len(e.Octets) + len(e.Text)
	}
	return events
}
