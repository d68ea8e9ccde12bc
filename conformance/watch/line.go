package watch

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/internal/visible"
)

// A Filter says which packets to show. What is not set lets all pass.
type Filter struct {
	From     string // the name of a side
	Channels []uint64
	Tags     []uint64
	Types    []uint64 // on the wire, of requests and of the responses to them
}

// shows reports whether an event is to be shown. Findings always are.
func (f Filter) shows(e *relay.Event, names [2]string) bool {
	if len(e.Findings) > 0 {
		return true
	}
	if f.From != "" && f.From != names[e.From] {
		return false
	}
	if e.Packet == nil {
		return true
	}
	among := func(list []uint64, n relay.Number) bool {
		value, fits := n.Uint64()
		return list == nil || fits && slices.Contains(list, value)
	}
	typed := e.Packet.IsRequest() || e.Answers
	return among(f.Channels, e.Packet.Channel) && among(f.Tags, e.Packet.Tag) && (f.Types == nil || typed && among(f.Types, e.WireType))
}

// A style writes events as lines.
type style struct {
	names      [2]string
	began      time.Time
	noPayloads bool
	color      bool
}

// The control sequences of a terminal.
const (
	plainText = "\x1b[0m"
	dim       = "\x1b[2m"
	red       = "\x1b[31m"
	cyan      = "\x1b[36m"
	magenta   = "\x1b[35m"
)

func (s style) paint(color, text string) string {
	if !s.color || text == "" {
		return text
	}
	return color + text + plainText
}

// text returns an event as lines for people.
func (s style) text(e *relay.Event) string {
	var out strings.Builder
	at := fmt.Sprintf("%9.3f", e.At.Sub(s.began).Seconds())
	from, to := s.names[e.From], s.names[e.From.Other()]
	color := [2]string{cyan, magenta}[e.From]
	switch {
	case e.Packet != nil:
		took := ""
		if e.Answers {
			took = fmt.Sprintf("  (%v)", round(e.Took))
		}
		failed := !e.Packet.IsRequest() && !e.Packet.OK() || e.Packet.Malformed
		text := visible.Line(e.Packet.Text(!s.noPayloads))
		if failed {
			text = s.paint(red, text)
		}
		fmt.Fprintf(&out, "%s  %s  %s%s\n", s.paint(dim, at), s.paint(color, from+" → "+to), text, s.paint(dim, took))
	case e.Note != "":
		fmt.Fprintf(&out, "%s  %s  %s\n", s.paint(dim, at), s.paint(color, from), s.paint(dim, e.Note))
	}
	for _, f := range e.Findings {
		out.WriteString(s.paint(red, f.Line()) + "\n")
	}
	return out.String()
}

// round returns a duration with as many digits as a person reads.
func round(d time.Duration) time.Duration {
	for _, unit := range []time.Duration{time.Second, time.Millisecond} {
		if d >= unit {
			return d.Round(unit / 100)
		}
	}
	return d.Round(time.Microsecond)
}

// A jsonLine is a line of a log in JSON; log.schema.json describes it.
type jsonLine struct {
	AtMS     float64         `json:"at_ms"`
	From     string          `json:"from"`
	To       string          `json:"to"`
	Offset   *int64          `json:"offset,omitempty"`
	Packet   *jsonPacket     `json:"packet,omitempty"`
	Text     string          `json:"text,omitempty"`
	TookMS   *float64        `json:"took_ms,omitempty"`
	Note     string          `json:"note,omitempty"`
	Findings []relay.Finding `json:"findings,omitempty"`
}

// A jsonPacket is a packet as the adapter guide writes it, with as much of its payload as is shown.
type jsonPacket struct {
	IsRequest     bool    `json:"is_request"`
	Channel       string  `json:"channel"`
	Tag           string  `json:"tag"`
	Flags         string  `json:"flags"`
	RqType        string  `json:"rq_type,omitempty"`
	Payload       *string `json:"payload,omitempty"` // in hex: its first octets
	PayloadOctets uint64  `json:"payload_octets"`
}

// json returns an event as a line of JSON.
func (s style) json(e *relay.Event) string {
	line := jsonLine{AtMS: milliseconds(e.At.Sub(s.began)), From: s.names[e.From], To: s.names[e.From.Other()], Note: e.Note, Findings: e.Findings}
	if p := e.Packet; p != nil {
		line.Offset, line.Text = &p.Offset, p.Text(!s.noPayloads)
		if d, ok := p.Decoded(); ok {
			line.Packet = &jsonPacket{IsRequest: d.IsRequest, Channel: d.Channel.String(), Tag: d.Tag.String(), Flags: d.Flags.String(), PayloadOctets: p.Size}
			if d.IsRequest {
				line.Packet.RqType = d.Type.String()
			}
			if !s.noPayloads {
				payload := hex.EncodeToString(p.Payload)
				line.Packet.Payload = &payload
			}
		}
	}
	if e.Answers {
		took := milliseconds(e.Took)
		line.TookMS = &took
	}
	octets, _ := json.Marshal(line) // every field has a form in JSON
	return string(octets) + "\n"
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
