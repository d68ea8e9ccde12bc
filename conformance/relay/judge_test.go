package relay

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

var specification = sync.OnceValue(func() *spec.Spec {
	s, err := spec.Load(features.FS)
	if err != nil {
		panic(err)
	}
	return s
})

func testOptions() Options { return Options{Names: [2]string{"left", "right"}, Spec: specification()} }

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// play has a judge see a script: words, of which the first names the side. Others are hex, closed, broken, stopped,
// unreceived or a time such as +2s, which passes. EOF, ERQ, ask N and ok N stand for octets.
func play(t *testing.T, o Options, script string) *Judge {
	t.Helper()
	j, at := NewJudge(o, began), began
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		side := Left
		if words[0] == "right" {
			side = Right
		}
		for _, word := range words[1:] {
			number := byte(0)
			name, digits, _ := strings.Cut(word, ":")
			_, _ = fmt.Sscanf(digits, "%d", &number)
			octets := map[string][]byte{
				"EOF": {3, 0, 2, 0}, "ERQ": {3, 1, 2, 0}, "ask": {3, number, 2, 3}, "ok": {2, number, 4}, "fail": {2, number, 0},
			}[name]
			switch {
			case octets != nil:
				j.Octets(side, at, octets)
			case name == "closed", name == "broken", name == "stopped":
				j.End(side, Ending(name), at)
			case name == "unreceived":
				j.Unreceived(side, at)
			case strings.HasPrefix(word, "+"):
				d, err := time.ParseDuration(word[1:])
				if err != nil {
					t.Fatal(err)
				}
				at = at.Add(d)
			case word == "stop":
				j.Stop(at)
			default:
				raw, err := hex.DecodeString(word)
				if err != nil {
					t.Fatal(err)
				}
				for _, octet := range raw { // in the smallest pieces
					j.Octets(side, at, []byte{octet})
				}
			}
		}
	}
	return j
}

// summary returns the findings of a report in short.
func summary(r *Report) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Side+" "+f.Requirement+" "+f.Kind)
	}
	return all
}

const bye = "\nleft EOF closed\nright EOF closed"

// TestJudge proves each check by a stream that breaks it, and shows next to it streams that do not.
func TestJudge(t *testing.T) {
	for _, test := range []struct {
		name, script string
		want         []string
	}{
		{"nothing but EOF", bye, nil},
		{"the connection of SPEC.md, section 13", "left 050102036869\nright 03011601\nleft 020104\nright 0401046869" + bye, nil},
		{"answers in any order", "left ask:1 ask:2 ask:3\nright ok:3 fail:1 ok:2" + bye, nil},
		{"the same tags in both directions", "left ask:1\nright ask:1\nleft ok:1\nright ok:1" + bye, nil},
		{"a tag again after its answer", "left ask:1\nright ok:1\nleft ask:1\nright ok:1" + bye, []string{"left TAG-1 tag does not count"}},
		{"the same tag on two channels", "left ask:1 0401030503\nright ok:1 03010105" + bye, []string{"left TAG-1 tag does not count"}},

		{"longer integers", "left 80050102036869\nright 0401046869" + bye, []string{"left INT-2 longer form"}},
		{"a longer tag", "left 048001 0203\nright ok:1" + bye, []string{"left INT-2 longer form"}},
		{"channel 0 written", "left 0401030003\nright ok:1" + bye, []string{"left ENC-4 channel 0 written"}},
		{"a body too short", "left 020102\nright EOF closed\nleft EOF closed", []string{"left ENC-1 malformed packet"}},
		{"no body", "right 00\nleft EOF closed\nright EOF closed", []string{"right ENC-1 malformed packet"}},
		{"wire type 0 on another channel", "left 0401030500\nright 03010105" + bye, []string{"left RQS-1 wire type 0"}},

		{"a tag in use", "left ask:1 ask:1\nright fail:1 ok:1" + bye, []string{"left TAG-1 tag does not count", "left TAG-2 tag in use"}},
		{"a tag in use, in a longer form", "left ask:1 048001 0203\nright fail:1 ok:1" + bye,
			[]string{"left INT-2 longer form", "left TAG-1 tag does not count", "left TAG-2 tag in use"}},
		{"a tag of a cancelled request", "left ask:1\nright EOF closed\nleft ask:1 EOF closed", nil},

		{"answered twice", "left ask:1\nright ok:1 ok:1" + bye, []string{"right RSP-1 answered twice"}},
		{"an answer to nothing", "right ok:7" + bye, []string{"right RSP-1 answer to nothing"}},
		{"an answer before its request", "right ok:1\nleft ask:1" + bye, []string{"right RSP-1 answer to nothing"}},
		{"an answer on another channel", "left 0401030503\nright ok:1" + bye, []string{"right CHN-3 wrong channel"}},
		{"an answer to a request that is under way", "left 850001030503 0102\nright 03010105\nleft " + strings.Repeat("00", 634) + bye, nil},
		{"two answers to a request that is under way", "left 850001030503 0102\nright 03010105 03010105\nleft " + strings.Repeat("00", 634) + bye,
			[]string{"right RSP-1 answer to nothing"}},

		{"a request after EOF", "left EOF ask:1 closed\nright EOF closed", []string{"left EOS-4 after EOF"}},
		{"a piece of a packet after EOF", "left EOF 03 closed\nright EOF closed", []string{"left EOS-4 after EOF"}},
		{"EOF twice", "left EOF EOF closed\nright EOF closed", []string{"left EOS-4 EOF twice"}},
		{"EOF with channel 0 written", "left 0400030000 closed\nright EOF closed", []string{"left ENC-4 channel 0 written"}},
		{"EOF with a tag", "left 03020200 closed\nright EOF closed", []string{"left EOS-4 malformed EOF"}},
		{"EOF with flags", "left 03000600 closed\nright EOF closed", []string{"left EOS-4 malformed EOF"}},
		{"EOF with a payload", "left 0400020000 closed\nright EOF closed", []string{"left EOS-4 malformed EOF"}},
		{"ERQ in the wrong dialect", "left ERQ EOF closed\nright EOF closed", []string{"left EOS-4 malformed EOF"}},
		{"what follows a malformed packet", "left ask:1 03020200 ok:9 ask:1 00\nright ok:1 EOF closed\nleft closed", []string{"left EOS-4 malformed EOF"}},
		{"answers to what follows a malformed packet", "left 03020200 ask:1\nright ok:1 EOF closed\nleft EOF closed", []string{"left EOS-4 malformed EOF"}},

		{"no EOF", "left closed\nright EOF closed", []string{"left EOS-4 no EOF"}},
		{"a reset connection", "left broken\nright EOF closed", []string{"left EOS-4 no EOF"}},
		{"cut inside a packet", "left 0501 closed\nright EOF closed", []string{"left EOS-4 cut inside a packet"}},
		{"cut inside a length", "left 81 closed\nright EOF closed", []string{"left EOS-4 cut inside a packet"}},
		{"cut inside a huge packet", "left 908080808080808000 0103 closed\nright EOF closed", []string{"left EOS-4 cut inside a packet"}},
		{"cut because nobody receives", "right unreceived\nleft 0501 closed\nright EOF closed", nil},
		{"ended from outside", "left ask:1 05 stop closed\nright closed", nil},
		{"stopped by the relay", "left ask:1 05 stopped\nright EOF closed", nil},

		{"unanswered, though a later one was", "left ask:1 ask:2\nright ok:2" + bye, []string{"right EOS-6 never answered"}},
		{"unanswered at a shutdown, though a later one was", "left ask:1 ask:2\nright ok:2 EOF closed\nleft EOF closed", []string{"right SHD-2 never answered"}},
		{"unanswered, though a later one was refused", "left ask:1 ask:2\nright fail:2 EOF closed\nleft EOF closed", nil},
		{"unanswered, and earlier ones were", "left ask:1 ask:2\nright ok:1 EOF closed\nleft EOF closed", nil},
		{"unanswered, and nothing was", "left ask:1 ask:2\nright EOF closed\nleft EOF closed", nil},
		{"unanswered on another channel", "left 0401030503 ask:2\nright ok:2 EOF closed\nleft EOF closed", []string{"right CHN-1 never answered"}},
		{"unanswered with a tag of before", "left ask:1\nright ok:1\nleft ask:1 ask:2\nright ok:2 EOF closed\nleft EOF closed",
			[]string{"left TAG-1 tag does not count", "right TAG-3 never answered"}},
		{"a duplicate unanswered", "left ask:1 ask:1 ask:3\nright ok:1 ok:3" + bye, []string{"left TAG-1 tag does not count", "left TAG-2 tag in use"}},
		{"unanswered because nobody receives", "left ask:1 ask:2\nright ok:2\nleft unreceived\nright EOF closed\nleft EOF closed", nil},
		{"unanswered when the stream is cut", "left ask:1 ask:2\nright ok:2 closed\nleft EOF closed", []string{"right EOS-4 no EOF"}},
		{"unanswered after EOF", "right EOF closed\nleft ask:1 ask:2 EOF closed", nil},

		{"tags from 0", "left ask:0\nright ok:0" + bye, []string{"left TAG-1 tag does not count"}},
		{"tags that count wrong again and again", "left ask:2 ask:5 ask:9\nright ok:2 ok:5 ok:9" + bye, []string{"left TAG-1 tag does not count"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := summary(play(t, testOptions(), test.script).Report(began)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, expected %q", got, test.want)
			}
		})
	}
}

// TestJudgeLater does so for the dialect of 2024.
func TestJudgeLater(t *testing.T) {
	const bye = "\nleft ERQ EOF closed\nright ERQ EOF closed"
	o := testOptions()
	o.Later = true
	for _, test := range []struct {
		name, script string
		want         []string
	}{
		{"nothing but the end", bye, nil},
		{"tags from 2", "left ask:2 ask:3\nright ok:3 ok:2" + bye, nil},
		{"tags from 1", "left ask:1\nright ok:1" + bye, []string{"left ERQ-10 tag does not count"}},
		{"answers after ERQ", "left ask:2\nright ERQ ok:2 EOF closed\nleft ERQ EOF closed", nil},
		{"requests after the other side's ERQ", "right ERQ\nleft ask:2\nright ok:2 EOF closed\nleft ERQ EOF closed", nil},
		{"a request after ERQ", "left ERQ ask:2\nright fail:2" + "\nleft EOF closed\nright ERQ EOF closed", []string{"left ERQ-1 request after ERQ"}},
		{"ERQ twice", "left ERQ ERQ EOF closed\nright ERQ EOF closed", []string{"left ERQ-1 ERQ twice"}},
		{"EOF without ERQ", "left EOF closed\nright ERQ EOF closed", []string{"left ERQ-1 EOF without ERQ"}},
		{"ERQ with a payload", "left 0401020000 closed\nright ERQ EOF closed", []string{"left EOS-4 malformed EOF"}},
		{"ERQ on another channel", "left 0401030500\nright 03010105" + bye, []string{"left RQS-1 wire type 0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := summary(play(t, o, test.script).Report(began)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, expected %q", got, test.want)
			}
		})
	}
}

// TestAnswerWithin requires a request that is open for too long to be found, and no other.
func TestAnswerWithin(t *testing.T) {
	o := testOptions()
	o.AnswerWithin = 2 * time.Second
	for _, test := range []struct {
		name, script string
		want         []string
	}{
		{"in time", "left ask:1 +2s\nright ok:1" + bye, nil},
		{"late", "left ask:1 +3s\nright ok:1" + bye, []string{"right HND-7 no answer in time"}},
		{"never", "left ask:1 +3s" + bye, []string{"right HND-7 no answer in time"}},
		{"two of three", "left ask:1 ask:2 ask:3 +1s\nright ok:2 +2s" + bye, []string{"right HND-7 no answer in time", "right HND-7 no answer in time"}},
		{"not yet", "left ask:1 +1s", nil},
		{"crossed by EOF", "right EOF\nleft ask:1 +3s EOF closed\nright closed", nil},
		{"open at EOF for less", "left ask:1 +1s\nright EOF +3s closed\nleft EOF closed", nil},
		{"a malformed stream of the responder", "left ask:1\nright 00 +3s EOF closed\nleft EOF closed", []string{"right ENC-1 malformed packet"}},
		{"nobody receives the answer", "left ask:1 unreceived +3s\nright EOF closed\nleft EOF closed", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := play(t, o, test.script).Report(began)
			if got := summary(r); !slices.Equal(got, test.want) {
				t.Errorf("got %q, expected %q", got, test.want)
			}
			if r.Conforms(false) != (test.want == nil) {
				t.Errorf("conforms: %t", r.Conforms(false))
			}
		})
	}
}

// TestReport requires what is unanswered to be listed with the time for which it was open.
func TestReport(t *testing.T) {
	r := play(t, testOptions(), "left ask:1 +1s ask:2 040301 0203 +500ms\nright ok:1 EOF +3s\nleft ask:4").Report(began.Add(5 * time.Second))
	var got []string
	for _, o := range r.Unanswered {
		got = append(got, fmt.Sprintf("%s %d %s %v %t", o.Side, o.Offset, o.Request, o.OpenMS, o.Crossed))
	}
	want := []string{"left 4 request: tag 2, wire type 3 500 false", "left 13 request: tag 4, wire type 3 0 true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, expected %q", got, want)
	}
}

// TestBoundedFindings requires a stream of faults to be counted, and not kept.
func TestBoundedFindings(t *testing.T) {
	j := NewJudge(testOptions(), began)
	for range 1000 {
		j.Octets(Right, began, []byte{2, 9, 4})
	}
	r := j.Report(began)
	if len(r.Findings) != mostPerKind || len(r.Tallies) != 1 || r.Tallies[0].Times != 1000 {
		t.Errorf("got %d findings, and %+v", len(r.Findings), r.Tallies)
	}
}

// TestBoundedRequests requires requests without an answer to take bounded memory, and no answer to be called stray then.
func TestBoundedRequests(t *testing.T) {
	j := NewJudge(testOptions(), began)
	tag := func(n int, rest ...byte) []byte {
		return append([]byte{byte(3 + len(rest)), byte(n>>14) | 0x80, byte(n>>7) | 0x80, byte(n) & 0x7f}, rest...)
	}
	for n := range mostOpen + 10 {
		j.Octets(Left, began, tag(1<<16+n, 2, 3))
	}
	j.Octets(Right, began, tag(1<<16+mostOpen+5, 4))
	r := j.Report(began)
	if r.Sides[Left].Unanswered != mostOpen || !slices.Equal(summary(r), []string{"left TAG-1 tag does not count"}) || len(r.Notes) != 1 {
		t.Errorf("got %d unanswered, %q, %q", r.Sides[Left].Unanswered, summary(r), r.Notes)
	}
}
