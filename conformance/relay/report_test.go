package relay

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/internal/schematest"
)

// TestSchema requires reports to have the form of the published schema.
func TestSchema(t *testing.T) {
	o := testOptions()
	o.AnswerWithin = time.Second
	for _, script := range []string{"", bye, "left ask:1 ask:1 ask:3 EOF ask:3\nright +2s ok:3 00 03 stop"} {
		var out bytes.Buffer
		if err := play(t, o, script).Report(began.Add(time.Minute)).JSON(&out); err != nil {
			t.Fatal(err)
		}
		schematest.Check(t, "report.schema.json", out.Bytes())
	}
}

// TestText shows the text of a report.
func TestText(t *testing.T) {
	r := play(t, testOptions(), "left ask:1 ask:2 +1500us\nright ok:2 ok:9 +1s EOF closed\nleft ask:3 EOF closed").Report(began.Add(2 * time.Second))
	var out bytes.Buffer
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	want := `FINDING  must    right breaks RSP-1: answer to nothing
  packet  octet 3, response: tag 9, ok
  why     no request with this channel and tag is in flight
FINDING  must    right breaks SHD-2: never answered
  packet  octet 0, request: tag 1, wire type 3
  why     this request, at octet 0 of what left sent, is not answered before EOF, though a later one was accepted and answered
unanswered: left, octet 0: request: tag 1, wire type 3; open for 1s
unanswered: left, octet 8: request: tag 3, wire type 3; sent when the other side had stopped answering
           octets   packets  requests  responses  unanswered  answers in: median, 95 of 100, all
left           16         4         3          0           2  1.5ms, 1.5ms, 1.5ms
right          10         3         0          2           0  -
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nexpected\n%s", got, want)
	}
	if got, want := r.Verdict(false), "the traffic does not conform: 2 findings in 2s"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	if strings.Contains(out.String(), "<nil>") {
		t.Error("Go shows through")
	}
}

// TestLatencies requires quantiles to be at most an eighth too long.
func TestLatencies(t *testing.T) {
	var l latencies
	for n := range 1000 {
		l.add(time.Duration(n+1) * time.Millisecond)
	}
	for share, want := range map[float64]time.Duration{0.5: 501 * time.Millisecond, 0.95: 951 * time.Millisecond, 1: time.Second} {
		if got := l.quantile(share); got < want*99/100 || got > want*9/8 {
			t.Errorf("%v: got %v, expected about %v", share, got, want)
		}
	}
}
