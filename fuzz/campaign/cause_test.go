package campaign

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// found returns a finding of a requirement and a kind in a state, with its smallest input in hex, and
// what that input shows beside.
func found(requirement, kind, state, inHex string, shows ...string) *Finding {
	raw, err := hex.DecodeString(strings.ReplaceAll(inHex, " ", ""))
	if err != nil {
		panic(err)
	}
	d := judge.Difference{Requirement: requirement, Kind: kind, State: state}
	return &Finding{Signature: d.Signature(), Difference: d, Input: raw, Plan: plan.Make(raw, everything), shows: append(shows, d.Signature())}
}

// TestSameCause recognises the faces of one fault, and keeps those of two faults apart.
func TestSameCause(t *testing.T) {
	c := causes{everywhere: map[string]bool{"EOS-4 after EOF over": true, "JOI-2 told eof": true}}
	tagKept := found("TAG-3", "no answer", "open", "0304 0201 0304 0201")
	for name, test := range map[string]struct {
		a, b *Finding
		want bool
	}{
		"of the original: a used tag, on a channel":         {tagKept, found("CHN-1", "no answer", "open", "06 04 03 84 80 05 01 06 04 03 84 80 05 01"), true},
		"of the original: a used tag, of wire type 0":       {tagKept, found("MEO-2", "no answer", "open", "07 82 00 03 84 80 05 00 07 82 00 03 84 80 05 00"), true},
		"of the original: a used tag, without handler":      {tagKept, found("HND-8", "no answer", "over", "03 05 02 01 04 05 05 ff 7f 03 05 02 01 03 00 02 00"), true},
		"of the original: a used tag, and join":             {tagKept, found("JOI-2", "told eof", "", ""), false},
		"of the original: a used tag, and a duplicate":      {tagKept, found("TAG-5", "no answer", "open", "03 65 02 0a 03 65 02 01"), false},
		"one kind of result, in two states":                 {found("HND-1", "flags", "open", "03 00 02 01"), found("HND-1", "flags", "over", "03 00 02 01 00"), true},
		"two kinds of result":                               {found("HND-1", "no answer", "open", "03 00 02 01"), found("HND-3", "no answer", "open", "04 00 02 07 67"), false},
		"two kinds of result, one after the other":          {found("HND-4", "payload", "over", "04 00 02 04 22"), found("TAG-3", "payload", "over", "03 04 02 01 04 04 02 04 22"), true},
		"a codec that writes wrong octets, and an answer":   {found("ENC-1", "octets", "codec", "06 00 90 80 80 80 00"), found("HND-3", "no answer", "open", "07 90 80 80 80 00 02 03", "ENC-1 octets codec"), true},
		"a refusal, and one that needs two":                 {found("CHN-4", "channel not named", "over", "04 00 03 05 01"), found("CHN-1", "no answer", "open", "06 04 03 84 80 05 01 06 04 03 84 80 05 01", "CHN-4 channel not named over"), false},
		"a difference that every input shows, and another":  {found("EOS-4", "after EOF", "over", ""), found("HND-1", "flags", "open", "03 00 02 01", "EOS-4 after EOF over"), false},
		"two ways to end that are not noticed":              {found("BAD-1", "no end", "over", "00"), found("BAD-2", "no end", "over", "05 03"), false},
		"one way to end that is not noticed, and a request": {found("BAD-1", "no end", "over", "01 ff"), found("HND-6", "no answer", "over", "04 00 02 82 00 01 ff"), false},
		"what follows from a stream that ended":             {found("JOI-2", "told malformed", "", "02 00 00"), found("EOS-2", "ended by finish", "open", "02 00 00 04 00 02 07 67"), true},
	} {
		if got := c.same(test.a, test.b); got != test.want {
			t.Errorf("%s: %t, expected %t", name, got, test.want)
		}
		if got := c.same(test.b, test.a); got != test.want {
			t.Errorf("%s, the other way round: %t, expected %t", name, got, test.want)
		}
	}
}

// TestCrashes distinguishes crashes by what runtimes write, and by nothing that varies.
func TestCrashes(t *testing.T) {
	crashed := func(stderr string) *Crash { return &Crash{adapter.Exit{Status: 2, Stderr: stderr}} }
	golang := "log: 12:03:01 start\npanic: index out of range [5] with length 3\n\ngoroutine 24 [running]:\nexample.org/p/q.(*T).m(0x11af)\n\t/p/q.go:16 +0x2b0\n"
	python := "Traceback (most recent call last):\n  File \"/a/b.py\", line 3, in f\n    g()\n  File \"/a/c.py\", line 40, in g\n    raise ValueError('x1')\nValueError: bad payload 'x1'\n"
	for name, c := range map[string]struct{ text, want string }{
		"Go":        {golang, "panic: index out of range [N] with length N at q.(*T).m"},
		"Python":    {python, "ValueError: bad payload '…' at c.py:40 in g"},
		"Java":      {"Exception in thread \"main\" java.lang.Error: 7\n\tat java.base/x.Y(Z.java:1)\n\tat org.example.A.b(A.java:12)\n", "Exception in thread '…' java.lang.Error: N at org.example.A.b(A.java:12)"},
		"sanitizer": {"==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x60b0 at pc 0x55\n    #0 0x4a5 in free_twice /a/b.c:3\n", "==N==ERROR: AddressSanitizer: heap-use-after-free on address N at pc N at free_twice b.c:3"},
		"Rust":      {"thread 'main' panicked at src/main.rs:10:5:\nno tag 7\n", "thread '…' panicked at src/main.rs:10:5:"},
		"any":       {"it is 12:03\nsegmentation fault at 0x7ffe\n", "segmentation fault at N"},
		"silence":   {"", ""},
	} {
		crash := crashed(c.text)
		if got := sameWords(crash, crash); got != c.want {
			t.Errorf("%s: got %q, expected %q", name, got, c.want)
		}
		if signature := crash.difference(c.want).Signature(); !crash.shows(signature) {
			t.Errorf("%s does not show %q", name, signature)
		}
	}
	once, again := crashed("the queue is lost\nticket Kmq is open\n"), crashed("the queue is lost\nticket Zap is open\n")
	if got := sameWords(once, again); got != "the queue is lost" {
		t.Errorf("got %q, expected the line that does not vary", got)
	}
	other := crashed(strings.Replace(golang, "index out of range [5] with length 3", "nil map", 1))
	if !other.samePlace(crashed(golang)) || other.samePlace(crashed(python)) {
		t.Error("two panics in one function must be at one place, and one of another program at another")
	}
	if other.samePlace(&Crash{adapter.Exit{Status: -1, Signal: "killed", Stderr: golang}}) {
		t.Error("a signal must not be the same crash as an exit status")
	}
}

// TestShown shows the reason of a crash and both ends of its stacks.
func TestShown(t *testing.T) {
	text := strings.Repeat("a log\n", 100) + "panic: it is over\n" + strings.Repeat("a frame\n", 100) + "the last line\n"
	got := (&Crash{adapter.Exit{Stderr: text}}).Shown()
	want := "… 100 lines more …\npanic: it is over\n" + strings.Repeat("a frame\n", 29) + "… 52 lines more …\n" + strings.Repeat("a frame\n", 19) + "the last line"
	if got != want {
		t.Errorf("got\n%s\nexpected\n%s", got, want)
	}
}

// TestRoom leaves room for the files of this process and of the subject.
func TestRoom(t *testing.T) {
	for _, c := range []struct{ here, there, workers, inFlight, each, stuck, fit, all int }{
		{1 << 20, 1 << 20, 1, 64, 1<<18 - 4 - 400, 400, 64, 1 << 16},
		{1024, 1024, 1, 64, 189, 63, 64, 330},
		{64, 64, 1, 64, 9, 3, 6, 12},
		{1 << 20, 64, 1, 64, 9, 3, 9, 1 << 16},
		{64, 1 << 20, 2, 1, 1<<18 - 4 - 400, 400, 1, 10},
	} {
		r, err := newRoom(c.here, c.there, c.workers, c.inFlight)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if r.each != c.each || r.stuck != c.stuck || r.inFlight != c.fit || cap(r.all) != c.all {
			t.Errorf("%+v: got each %d, stuck %d, in flight %d, all %d", c, r.each, r.stuck, r.inFlight, cap(r.all))
		}
		if most := ownFiles + filesOfProcess*(c.workers+r.trying) + filesHere*cap(r.all); most > c.here {
			t.Errorf("%+v: %d files are needed here", c, most)
		}
	}
	if _, err := newRoom(20, 20, 1, 64); err == nil || !strings.Contains(err.Error(), "only 20 files may be open at a time") || !strings.Contains(err.Error(), "\nhint: raise the limit of open files") {
		t.Errorf("got %v, expected how many files there are, with a hint", err)
	}
}
