package trace_test

import (
	"slices"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/trace"
)

// of returns the trace of a first request and of a second with the same tag and the payload
// "b", with these answers.
func of(first string, answers ...string) []uint64 {
	raw := []byte(first + "\x04\x04\x02\x04b")
	record := &judge.Record{}
	for _, octets := range answers {
		record.Packets = append(record.Packets, judge.Received{Frame: input.Read([]byte(octets))})
	}
	return trace.Of(input.Frames(raw), plan.Make(raw, plan.Abilities{}), record)
}

const (
	failed = "\x02\x04\x00"
	ok     = "\x02\x04\x04"
	okB    = "\x03\x04\x04b"
)

// TestWhoIsFaster shows the same whether or not the tag is free again when the second request
// comes. The answer to the first is unspecified, so the peer cannot wait for it.
func TestWhoIsFaster(t *testing.T) {
	const surrogate = "\x06\x04\x02\x04\xed\xa0\x80"
	if !slices.Equal(of(surrogate, failed, okB), of(surrogate, failed, failed)) {
		t.Error("the trace shows whether the second request was handled, which is unspecified")
	}
}

// TestAnswers shows which answer came, where one is required.
func TestAnswers(t *testing.T) {
	const text = "\x04\x04\x02\x04a"
	if slices.Equal(of(text, ok, okB), of(text, ok, failed)) {
		t.Error("the trace does not show how the second request was answered")
	}
}
