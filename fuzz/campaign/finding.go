package campaign

import (
	"slices"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// A Finding is one fault: its smallest input, and how sure it is.
type Finding struct {
	Signature  string
	Difference judge.Difference
	Input      []byte // the smallest
	First      []byte // as it was found
	Number     int64  // of the input that showed it first
	Seen       int64  // how many inputs showed it
	Confirmed  int    // of Tries on fresh processes
	Tries      int
	Company    bool // it takes other connections, before or beside it, on the same process
	Many       bool // it takes a process that has heard many inputs, of which this is the last: no one shows it
	Record     *judge.Record
	Plan       *plan.Plan
	Known      string // why it is known, if it is
}

// TimedOut reports whether a time limit made the difference: what was missing had not come
// when the limit passed. A busy machine alone may do that.
func (f *Finding) TimedOut() bool {
	r := f.Record
	return f.Difference.Timed || r != nil && (r.Aborted >= 0 || r.Hung || r.Probe.Sent && !r.Probe.Done)
}

// Flaky reports whether a finding did not show each time.
func (f *Finding) Flaky() bool { return f.Confirmed < f.Tries }

// Unseen returns the lines of a list that are for campaigns and cover none of the findings: the
// deviation may be mended, or may need a longer campaign.
func Unseen(list known.List, findings []*Finding) known.List {
	return slices.DeleteFunc(slices.Clone(list), func(d known.Deviation) bool {
		return !d.ForCampaigns() || slices.ContainsFunc(findings, func(f *Finding) bool {
			return d.Covers(f.Difference.Requirement, f.Difference.Kind)
		})
	})
}
