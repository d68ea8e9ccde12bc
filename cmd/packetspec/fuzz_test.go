package main

import (
	"strings"
	"testing"

	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// TestSummary lists the suspects that were not confirmed, and says when time was the reason.
func TestSummary(t *testing.T) {
	var out strings.Builder
	new(fuzzFlags).summary(&out, &campaign.Result{Unconfirmed: []*campaign.Finding{
		{Signature: "CHN-1 late answer open", Seen: 12, Difference: judge.Difference{Timed: true}},
		{Signature: "DEC-1 fields codec", Seen: 1},
	}})
	want := "; 2 not confirmed\n" +
		"not confirmed, since no fresh process showed it, with the number of inputs that did:\n" +
		"    12  CHN-1 late answer open; a time limit had passed, as on a busy machine\n" +
		"     1  DEC-1 fields codec\n"
	if got := out.String(); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nexpected it to end in\n%s", got, want)
	}
}
