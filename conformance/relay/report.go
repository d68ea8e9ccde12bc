package relay

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// A Report is what a judge says of a connection. Its JSON form has a schema, report.schema.json.
type Report struct {
	Dialect    string        `json:"dialect"`
	DurationMS float64       `json:"duration_ms"`
	Sides      [2]SideReport `json:"sides"`
	Findings   []Finding     `json:"findings"`   // the first of each kind
	Tallies    []Tally       `json:"tallies"`    // all of them, counted
	Unanswered []Open        `json:"unanswered"` // the first requests that are open at the end
	Notes      []string      `json:"notes"`
}

// A SideReport says what one side sent.
type SideReport struct {
	Name       string  `json:"name"`
	Octets     int64   `json:"octets"`
	Packets    int64   `json:"packets"`
	Requests   int64   `json:"requests"`
	Responses  int64   `json:"responses"`
	EOF        bool    `json:"eof"`
	Ending     Ending  `json:"ending"`
	Answered   int64   `json:"answered"`   // of its requests
	Unanswered int     `json:"unanswered"` // of its requests
	MostOpen   int     `json:"most_open"`  // requests at a time
	Latency    Latency `json:"latency_ms"` // of the answers to its requests
}

// A Latency says how long answers took, in milliseconds. The first two are at most an eighth too long.
type Latency struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	Most   float64 `json:"max"`
}

// shownOpen is how many unanswered requests of each side a report lists.
const shownOpen = 20

// Report returns what the judge says at a time. The connection need not have ended.
func (j *Judge) Report(at time.Time) *Report {
	j.Expire(at)
	r := &Report{
		Dialect: "2021", DurationMS: milliseconds(at.Sub(j.began)),
		Findings: append([]Finding{}, j.findings.kept...), Tallies: append([]Tally{}, j.findings.tallies...),
		Unanswered: []Open{}, Notes: []string{},
	}
	if j.o.Later {
		r.Dialect = "2024"
	}
	for _, side := range []Side{Left, Right} {
		d := &j.dirs[side]
		opens, count := j.Opens(side, at, shownOpen)
		r.Unanswered = append(r.Unanswered, opens...)
		ending := d.ending
		if !d.closed {
			ending = Flowing
		}
		r.Sides[side] = SideReport{
			Name: j.o.Names[side], Octets: d.split.offset, Packets: d.packets, Requests: d.requests, Responses: d.responses,
			EOF: d.eofEnd > 0, Ending: ending, Answered: d.took.count, Unanswered: count, MostOpen: d.open.most,
			Latency: Latency{milliseconds(d.took.quantile(0.5)), milliseconds(d.took.quantile(0.95)), milliseconds(d.took.most)},
		}
		if p, inside := d.split.Inside(); inside && !d.closed {
			r.Notes = append(r.Notes, fmt.Sprintf("%s has sent %d octets of a packet that is not complete, from octet %d", j.o.Names[side], d.split.offset-p.Offset, p.Offset))
		}
		if d.open.full {
			r.Notes = append(r.Notes, fmt.Sprintf("more than %d requests of %s were open at a time; the answers to further ones are not judged", mostOpen, j.o.Names[side]))
		}
		if d.phase == spoiled {
			r.Notes = append(r.Notes, fmt.Sprintf("what %s sent after its malformed packet is not judged", j.o.Names[side]))
		}
	}
	if j.stopping {
		r.Notes = append(r.Notes, "the connection was ended from outside, so how it ended is not judged")
	}
	return r
}

// Conforms reports whether no finding fails the traffic; with strict, findings of every level do.
func (r *Report) Conforms(strict bool) bool {
	for _, f := range r.Findings {
		if f.Fails(strict) {
			return false
		}
	}
	return true
}

// Note adds a note.
func (r *Report) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// JSON writes the report as JSON.
func (r *Report) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// Text writes the report for people.
func (r *Report) Text(w io.Writer) error {
	var out strings.Builder
	for _, f := range r.Findings {
		out.WriteString(f.Block())
	}
	for _, t := range r.Tallies {
		if t.Times > mostPerKind {
			fmt.Fprintf(&out, "%s: %s %q: %d times, of which the first %d are listed\n", t.Side, t.Requirement, t.Kind, t.Times, mostPerKind)
		}
	}
	for _, o := range r.Unanswered {
		why := fmt.Sprintf("open for %v", duration(o.OpenMS))
		if o.Crossed {
			why = "sent when the other side had stopped answering"
		}
		fmt.Fprintf(&out, "unanswered: %s, octet %d: %s; %s\n", o.Side, o.Offset, visible.Line(o.Request), why)
	}
	for _, note := range r.Notes {
		out.WriteString("note: " + visible.Line(note) + "\n")
	}
	width := max(len(r.Sides[Left].Name), len(r.Sides[Right].Name))
	fmt.Fprintf(&out, "%-*s  %10s  %8s  %8s  %9s  %10s  %s\n", width, "", "octets", "packets", "requests", "responses", "unanswered", "answers in: median, 95 of 100, all")
	for _, s := range r.Sides {
		latency := "-"
		if s.Answered > 0 {
			latency = fmt.Sprintf("%v, %v, %v", duration(s.Latency.Median), duration(s.Latency.P95), duration(s.Latency.Most))
		}
		fmt.Fprintf(&out, "%-*s  %10d  %8d  %8d  %9d  %10d  %s\n", width, visible.Line(s.Name), s.Octets, s.Packets, s.Requests, s.Responses, s.Unanswered, latency)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// Verdict returns the last line of a text: what the traffic comes to.
func (r *Report) Verdict(strict bool) string {
	total := int64(0)
	for _, t := range r.Tallies {
		total += t.Times
	}
	verdict := "the traffic conforms"
	switch {
	case !r.Conforms(strict):
		verdict = "the traffic does not conform"
	case r.Sides[Left].Octets+r.Sides[Right].Octets == 0:
		verdict = "there was no traffic"
	}
	return fmt.Sprintf("%s: %s in %v", verdict, words.Count(int(total), "finding"), duration(r.DurationMS))
}

// Line returns the finding in one line for people, without what explains it.
func (f Finding) Line() string {
	return fmt.Sprintf("FINDING  %-6s  %s breaks %s: %s", f.Level, visible.Line(f.Side), f.Requirement, f.Kind)
}

// Block returns the finding in some lines for people.
func (f Finding) Block() string {
	var out strings.Builder
	out.WriteString(f.Line() + "\n")
	if f.Packet != "" {
		fmt.Fprintf(&out, "  packet  octet %d, %s\n", f.Offset, visible.Line(f.Packet))
	} else {
		fmt.Fprintf(&out, "  at      octet %d\n", f.Offset)
	}
	fmt.Fprintf(&out, "  why     %s\n", visible.Line(f.Text))
	return out.String()
}

// duration returns milliseconds as a duration that is easy to read.
func duration(ms float64) time.Duration {
	d := time.Duration(ms * float64(time.Millisecond))
	for _, unit := range []time.Duration{time.Second, time.Millisecond} {
		if d >= unit {
			return d.Round(unit / 100)
		}
	}
	return d.Round(time.Microsecond)
}
