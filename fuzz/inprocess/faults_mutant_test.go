package inprocess

import (
	"slices"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
)

// Each check can fail: where the second implementation has a fault, the corpus alone
// shows that it differs from the reference. There is one fault for each requirement of
// which any shows; what never does without a local shutdown, or in the time that passes,
// is for the suite to find. Some show only when one goroutine is ahead of another, and so
// have several rounds.
func TestFaultyMutantsAreFoundOut(t *testing.T) {
	seeds := append(corpus(t, "FuzzConnection"), vectorOctets(t, "packets.jsonl")[:40]...)
	seeds = append(seeds, vectorOctets(t, "decode.jsonl")[:40]...)
	const rounds = 5
	for _, fault := range []string{
		"int-little-endian", "int-overlong", "int-overlong-refused", "int-read-in-32-bits",
		"length-counts-itself", "word-bits-swapped", "channel-unwritten", "channel-0-written",
		"type-in-responses", "payload-cut-at-127", "rest-consumed", "channel-0-left-unread",
		"body-cut-accepted", "int-unfinished-accepted", "body-of-one-read", "equal-never",
		"equal-compares-type-of-responses", "request-type-plain", "handler-gets-wire-type", "tag-from-0",
		"tag-constant", "duplicate-handled", "duplicate-frees-tag", "tags-of-both-directions-clash",
		"channel-silence", "request-on-channel-0", "response-by-tag", "ok-inverted", "result-ok-inverted",
		"result-always-ok", "responses-first-in-first-out", "stray-ends-stream",
		"second-response-ends-stream", "none-silence", "flags-as-text", "octets-none-fail", "text-in-utf-16",
		"both-without-flags", "raise-silence", "decoder-ignored", "decoder-error-swallowed",
		"decoder-for-failures", "full-pipe-drops-packets", "cancelled-is-a-failure", "end-answered-by-close",
		"eof-missing", "packets-after-eof-taken", "end-drops-answers", "stream-left-open",
		"request-after-end-taken", "meo-ignored", "meo-on-any-channel", "meo-told-as-eof",
		"second-shutdown-is-an-error", "join-for-ever", "end-always-told-as-eof", "malformed-skipped",
		"malformed-told-as-eof",
	} {
		t.Run(fault, func(t *testing.T) {
			faulty, err := mutant.New(fault)
			if err != nil {
				t.Fatal(err)
			}
			for _, seed := range slices.Concat(slices.Repeat([][][]byte{seeds}, rounds)...) {
				if (pair{goreference.Implementation{}, faulty}).differentialTarget(seed, time.Second/2) != nil {
					return
				}
			}
			t.Errorf("expected the two implementations to differ\ngot      no difference for any of %d seeds", len(seeds))
		})
	}
}
