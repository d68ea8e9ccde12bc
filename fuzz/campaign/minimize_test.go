package campaign_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/fuzz/input"
)

// TestMinimize keeps the two packets that matter, in their simplest form.
func TestMinimize(t *testing.T) {
	matters := func(raw []byte) bool {
		held := false
		for _, f := range input.Frames(raw) {
			p := f.Packet
			if p.IsRequest && p.Type == 7 {
				held = true
			} else if held && p.IsRequest && p.Tag > 0 {
				return true
			}
		}
		return false
	}
	var raw []byte
	for i := range uint64(20) {
		p := input.Packet{IsRequest: true, Tag: 40 + i, Flags: i, Type: i, Payload: bytes.Repeat([]byte("x"), int(i))}
		raw = p.Append(raw, input.Encoding{Tag: int(i) % 3})
	}
	small := campaign.Minimize(t.Context(), raw, 5000, func(inputs [][]byte) int {
		for i, raw := range inputs {
			if matters(raw) {
				return i
			}
		}
		return -1
	})
	if len(input.Frames(small)) != 2 || len(small) > 8 || !matters(small) {
		t.Errorf("what is left: %q", input.Describe(small))
	}
}

// TestSeed makes the same inputs from the same seed, whatever the subject does, and however many
// processes of it run.
func TestSeed(t *testing.T) {
	run := func(fault string, workers int) *campaign.Result {
		r, err := campaign.Campaign{Starter: mutant.InProcess{Fault: fault}, Seed: 9, Inputs: 300, Workers: workers, Raw: true}.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	a, b := run("", 1), run("eof-twice", 3)
	if len(a.Corpus) != len(b.Corpus) || a.Traces != b.Traces {
		t.Fatalf("corpora of %d and %d inputs, %d and %d traces", len(a.Corpus), len(b.Corpus), a.Traces, b.Traces)
	}
	for i := range a.Corpus {
		if !bytes.Equal(a.Corpus[i], b.Corpus[i]) {
			t.Fatalf("input %d of the corpora differs", i)
		}
	}
}

// TestFormats converts inputs to the format of another tool and back, without loss.
func TestFormats(t *testing.T) {
	for _, f := range campaign.Formats {
		for _, raw := range []string{"", "\x03\x00\x02\x00", "\"\\\n\xff\x00ü)"} {
			again, err := f.Decode(f.Encode([]byte(raw)))
			if err != nil || string(again) != raw {
				t.Errorf("%s: %q became %q, %v", f.Name, raw, again, err)
			}
		}
	}
}

// TestMinimizeEnds tries no candidate when the context has ended.
func TestMinimizeEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	raw := bytes.Repeat([]byte{0}, 1000)
	if small := campaign.Minimize(ctx, raw, 5000, func([][]byte) int { return 0 }); !bytes.Equal(small, raw) {
		t.Errorf("%d of %d bytes are left, expected all", len(small), len(raw))
	}
	if _, _, err := campaign.Merge(ctx, [][]byte{raw}); !errors.Is(err, context.Canceled) {
		t.Errorf("Merge: got the error %v", err)
	}
}
