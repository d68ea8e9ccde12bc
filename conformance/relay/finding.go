package relay

import (
	"time"

	"github.com/packetspec/packetspec/conformance/spec"
)

// A Finding is what one side broke, once.
type Finding struct {
	Side        string     `json:"side"` // that broke the requirement
	Requirement string     `json:"requirement"`
	Level       spec.Level `json:"level"`
	Kind        string     `json:"kind"`   // a few words, the same for each finding of this kind
	Offset      int64      `json:"offset"` // of the packet in its sender's stream
	Packet      string     `json:"packet,omitempty"`
	Text        string     `json:"text"`
	AtMS        float64    `json:"at_ms"`            // since the connection began
	Counts      bool       `json:"counts,omitempty"` // whatever its level
}

// Fails reports whether the finding makes the traffic fail; with strict, findings of every level do.
func (f Finding) Fails(strict bool) bool { return strict || f.Counts || f.Level == spec.Must }

// mostPerKind is how many findings of one side and one kind are kept.
const mostPerKind = 20

// A Tally counts the findings of one side and one kind.
type Tally struct {
	Side        string     `json:"side"`
	Requirement string     `json:"requirement"`
	Level       spec.Level `json:"level"`
	Kind        string     `json:"kind"`
	Times       int64      `json:"times"`
}

// A findings holds the first findings of each kind, and counts them all. There are few kinds, so it is bounded.
type findings struct {
	kept    []Finding
	tallies []Tally
}

// at returns where the findings of a kind are counted; len(f.tallies) if none is.
func (f *findings) at(side, requirement, kind string) int {
	for i, t := range f.tallies {
		if t.Side == side && t.Kind == kind && t.Requirement == requirement {
			return i
		}
	}
	return len(f.tallies)
}

// count counts a finding if it would not be kept, and reports whether it did.
func (f *findings) count(side, requirement, kind string) bool {
	i := f.at(side, requirement, kind)
	if i == len(f.tallies) || f.tallies[i].Times < mostPerKind {
		return false
	}
	f.tallies[i].Times++
	return true
}

// add counts a finding, and reports whether it is kept.
func (f *findings) add(found Finding) bool {
	i := f.at(found.Side, found.Requirement, found.Kind)
	if i == len(f.tallies) {
		f.tallies = append(f.tallies, Tally{Side: found.Side, Requirement: found.Requirement, Level: found.Level, Kind: found.Kind})
	}
	f.tallies[i].Times++
	if f.tallies[i].Times > mostPerKind {
		return false
	}
	f.kept = append(f.kept, found)
	return true
}

// findIn notes that the packet of the event under way breaks a requirement.
func (j *Judge) findIn(p *Packet, requirement, kind, text string) {
	if j.findings.count(j.o.Names[j.event.From], requirement, kind) {
		return
	}
	j.find(j.event.From, j.event.At, Finding{Requirement: requirement, Kind: kind, Offset: p.Offset, Packet: p.Text(!j.o.NoPayloads), Text: text})
}

// find notes that a side breaks a requirement.
func (j *Judge) find(from Side, at time.Time, f Finding) {
	f.Side, f.AtMS = j.o.Names[from], milliseconds(at.Sub(j.began))
	q, _ := j.o.Spec.Requirement(f.Requirement)
	f.Level = q.Level
	if !j.findings.add(f) || j.o.Observe == nil {
		return
	}
	if j.event.At.IsZero() {
		j.o.Observe(&Event{From: from, At: at, Findings: []Finding{f}})
		return
	}
	j.event.Findings = append(j.event.Findings, f)
}
