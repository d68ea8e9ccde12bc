package main

import (
	"strings"
	"testing"

	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// TestSummary says how much was not tested, and lists the suspects that were not confirmed, apart from those
// of which time was the reason.
func TestSummary(t *testing.T) {
	var out strings.Builder
	new(fuzzFlags).summary(&out, &campaign.Result{Progress: campaign.Progress{Inputs: 200, Untested: 3, Replaced: 1}, Unconfirmed: []*campaign.Finding{
		{Signature: "CHN-1 late answer open", Seen: 12, Difference: judge.Difference{Timed: true}},
		{Signature: "DEC-1 fields codec", Seen: 1},
		{Signature: "EOS-2 no end open", Seen: 1, Record: &judge.Record{Hung: true}},
	}})
	want := "; 3 not confirmed\n" +
		"3 of 200 inputs not tested to the end: the adapter did not reply, or something due had not come in time, and no fresh process showed the same\n" +
		"processes of the adapter that were replaced, since they no longer replied: 1\n" +
		"not confirmed: no fresh process showed these, so they do not count; with the number of inputs that did:\n" +
		"     1  DEC-1 fields codec\n" +
		"late, as on a busy machine: in time on a fresh process, so these do not count; with the number of inputs:\n" +
		"    12  CHN-1 late answer open\n" +
		"     1  EOS-2 no end open\n"
	if got := out.String(); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nexpected it to end in\n%s", got, want)
	}
}
