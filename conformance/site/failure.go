package site

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/record"
	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/visible"
)

// A failurePage is all about one result that needs an explanation.
type failurePage struct {
	report.Result
	Requirement []spec.Requirement
	Gherkin     string
	// Octets compares what was expected with what came, if both are octets.
	Octets   *comparison
	Timeline []moment
}

func (s *site) failure(r *run, result report.Result) failurePage {
	p := failurePage{Result: result, Octets: compareOctets(result.Expected, result.Actual), Timeline: timeline(result.Events)}
	for _, id := range result.Requirements {
		if q, known := s.Spec.Requirement(id); known {
			p.Requirement = append(p.Requirement, q)
			continue
		}
		for _, q := range r.Suite.Requirements {
			if q.ID == id {
				p.Requirement = append(p.Requirement, spec.Requirement{ID: q.ID, Level: q.Level, Text: q.Text})
			}
		}
	}
	if sc, known := s.Spec.Scenario(result.ID); known {
		p.Gherkin = gherkin(sc)
	}
	return p
}

// A comparison shows two packets below each other, octet by octet.
type comparison struct {
	Columns []column
	// First is the place of the first octet that differs, from 1.
	First int
}

// A column is one place of both packets. An octet that one of them lacks is empty.
type column struct {
	Expected, Actual string
	Differs, First   bool
}

// leadingOctets matches the octets with which a text begins.
var leadingOctets = regexp.MustCompile(`^[0-9a-f]{2}(?: [0-9a-f]{2})*\b`)

// compareOctets compares the octets with which both texts begin. It returns nil if one has none.
func compareOctets(expected, actual string) *comparison {
	e, a := leadingOctets.FindString(expected), leadingOctets.FindString(actual)
	if e == "" || a == "" {
		return nil
	}
	wanted, came := strings.Fields(e), strings.Fields(a)
	c := &comparison{}
	at := func(octets []string, i int) string {
		if i < len(octets) {
			return octets[i]
		}
		return ""
	}
	for i := range max(len(wanted), len(came)) {
		col := column{Expected: at(wanted, i), Actual: at(came, i)}
		if col.Differs = col.Expected != col.Actual; col.Differs && c.First == 0 {
			c.First, col.First = i+1, true
		}
		c.Columns = append(c.Columns, col)
	}
	return c
}

// A moment is one entry of a timeline.
type moment struct {
	At      string
	Skipped int // entries left out before this one
	From    record.Source
	Conn    int
	// Text is a command, a reply, a note, or what a packet means; Raw are octets that are no whole packet.
	Text   string
	Fields []relay.Field
	Raw    record.Octets
	Cut    int // octets left out of the record
}

// Wire reports whether the moment is of the connection, not of the adapter.
func (m moment) Wire() bool { return m.From == record.Peer || m.From == record.Subject }

// An end is one direction of a connection.
type end struct {
	conn int
	from record.Source
}

// timeline returns what happened, with the octets of each direction as packets. A packet stands where its
// last octet came.
func timeline(events []record.Event) (moments []moment) {
	splitters := map[end]*relay.Splitter{}
	lost := map[end]bool{} // octets were left out, so nobody knows where the next packet begins
	for _, e := range events {
		m := moment{At: at(e.At), Skipped: e.Skipped, From: e.From, Conn: e.Conn}
		if e.Text != "" || len(e.Octets) == 0 {
			m.Text = visible.Line(e.Text)
			moments = append(moments, m)
			continue
		}
		key := end{e.Conn, e.From}
		if e.Skipped > 0 {
			for k := range splitters {
				lost[k] = true
			}
		}
		if lost[key] {
			m.Raw, m.Cut = e.Octets, e.Omitted
			moments = append(moments, m)
			continue
		}
		splitter := splitters[key]
		if splitter == nil {
			splitter = &relay.Splitter{}
			splitters[key] = splitter
		}
		whole := 0
		packet := func(p *relay.Packet) {
			one := m
			one.Text, one.Fields = p.String(), clone(p.Fields())
			if whole > 0 {
				one.Skipped = 0
			}
			moments = append(moments, one)
			whole++
		}
		splitter.Add(e.Octets, packet, nil)
		if e.Omitted > 0 && !splitter.Skip(uint64(e.Omitted), packet) {
			lost[key] = true
		}
		if whole == 0 {
			m.Raw, m.Cut = e.Octets, e.Omitted
			m.Text = "part of a packet"
			moments = append(moments, m)
		}
	}
	return moments
}

// clone copies the octets of fields, which the splitter uses again.
func clone(fields []relay.Field) []relay.Field {
	for i := range fields {
		fields[i].Octets = append([]byte(nil), fields[i].Octets...)
	}
	return fields
}

func at(m record.Milliseconds) string {
	return fmt.Sprintf("%.1f ms", float64(m)/float64(time.Millisecond))
}

// shownOctets is how many octets of a field a page shows.
const shownOctets = 24

// octetsOf returns octets as the features write them.
func octetsOf(b []byte) string {
	if len(b) > shownOctets {
		return fmt.Sprintf("% x … (%d octets)", b[:shownOctets], len(b))
	}
	return fmt.Sprintf("% x", b)
}
