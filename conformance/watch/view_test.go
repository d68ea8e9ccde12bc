package watch

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/schematest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// events are the octets of two ends, as a judge sees them: requests and answers on two channels, a refusal, faults.
func judge(t *testing.T, observe func(*relay.Event)) *relay.Judge {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	j := relay.NewJudge(relay.Options{Names: [2]string{"caller", "command"}, Spec: s, Observe: observe}, began)
	at := began
	for _, step := range []struct {
		from   relay.Side
		octets string
	}{
		{relay.Left, "\x05\x01\x02\x03hi\x05\x02\x03\x07\x04x"},
		{relay.Right, "\x04\x01\x04ok\x03\x02\x01\x07\x02\x09\x04\x01\x00"},
		{relay.Left, "\x03\x00\x02\x00"},
	} {
		at = at.Add(1234 * time.Microsecond)
		j.Octets(step.from, at, []byte(step.octets))
	}
	j.End(relay.Left, relay.Closed, at)
	return j
}

// lines returns what a view shows.
func lines(t *testing.T, o ViewOptions) string {
	t.Helper()
	var out strings.Builder
	o.Names = [2]string{"caller", "command"}
	o.Show = func(lines string) error {
		out.WriteString(lines)
		return nil
	}
	v := NewView(o, began)
	judge(t, v.Observe)
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	return out.String()
}

func TestView(t *testing.T) {
	for _, test := range []struct {
		name string
		o    ViewOptions
		want string
	}{
		{"everything", ViewOptions{}, `    0.001  caller → command  request: tag 1, wire type 3, payload "hi"
    0.001  caller → command  request: channel 7, tag 2, wire type 4, payload "x"
    0.002  command → caller  response: tag 1, ok, payload "ok"  (1.23ms)
    0.002  command → caller  response: channel 7, tag 2, failed  (1.23ms)
    0.002  command → caller  response: tag 9, ok
FINDING  must    command breaks RSP-1: answer to nothing
    0.002  command → caller  malformed: a body of 1 octets is too short for its fields
FINDING  must    command breaks ENC-1: malformed packet
    0.004  caller → command  EOF
    0.004  caller  closed its stream
`},
		{"a channel, and findings", ViewOptions{Filter: Filter{Channels: []uint64{7}}, NoPayloads: true}, `    0.001  caller → command  request: channel 7, tag 2, wire type 4, 1 octets of payload
    0.002  command → caller  response: channel 7, tag 2, failed  (1.23ms)
    0.002  command → caller  response: tag 9, ok
FINDING  must    command breaks RSP-1: answer to nothing
    0.002  command → caller  malformed: a body of 1 octets is too short for its fields
FINDING  must    command breaks ENC-1: malformed packet
    0.004  caller  closed its stream
`},
		{"a type from one end", ViewOptions{Filter: Filter{From: "caller", Types: []uint64{3}}, Color: true}, "\x1b[2m    0.001\x1b[0m  \x1b[36mcaller → command\x1b[0m  request: tag 1, wire type 3, payload \"hi\"\n" +
			"\x1b[2m    0.002\x1b[0m  \x1b[35mcommand → caller\x1b[0m  response: tag 9, ok\n\x1b[31mFINDING  must    command breaks RSP-1: answer to nothing\x1b[0m\n" +
			"\x1b[2m    0.002\x1b[0m  \x1b[35mcommand → caller\x1b[0m  \x1b[31mmalformed: a body of 1 octets is too short for its fields\x1b[0m\n\x1b[31mFINDING  must    command breaks ENC-1: malformed packet\x1b[0m\n" +
			"\x1b[2m    0.004\x1b[0m  \x1b[36mcaller\x1b[0m  \x1b[2mclosed its stream\x1b[0m\n"},
	} {
		if got := lines(t, test.o); got != test.want {
			t.Errorf("%s: got\n%s\nexpected\n%s", test.name, got, test.want)
		}
	}
}

// TestLogSchema requires the lines of a log in JSON to have the form of the published schema.
func TestLogSchema(t *testing.T) {
	var out bytes.Buffer
	if err := Summary(&out, judge(t, nil).Report(began.Add(time.Second)), true, false); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(lines(t, ViewOptions{JSON: true}) + out.String()) {
		schematest.Check(t, "log.schema.json", []byte(line))
	}
}

// TestSlowView requires a view that drops lines never to block, and to say how many it has left out.
func TestSlowView(t *testing.T) {
	blocked, resume := make(chan struct{}), make(chan struct{})
	var out strings.Builder
	first := true
	v := NewView(ViewOptions{Drops: true, Show: func(lines string) error {
		if first {
			first = false
			close(blocked)
			<-resume
		}
		out.WriteString(lines)
		return nil
	}}, began)
	event := &relay.Event{At: began, Note: "happened"}
	v.Observe(event)
	<-blocked
	for range mostQueued + 10 {
		v.Observe(event)
	}
	close(resume)
	for v.dropped > 0 { // until there is room
		v.Observe(event)
		runtime.Gosched()
	}
	if err := v.Close(); err != nil || !strings.Contains(out.String(), "lines before this were left out, because they came too fast)") {
		t.Errorf("got the error %v and %d bytes", err, out.Len())
	}
}

// TestViewWithoutReader requires a view that cannot write to block nobody, and to report the error.
func TestViewWithoutReader(t *testing.T) {
	full := errors.New("full")
	v := NewView(ViewOptions{Show: func(string) error { return full }}, began)
	for range 3 * mostQueued {
		v.Observe(&relay.Event{At: began, Note: "happened"})
	}
	if err := v.Close(); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]string{
		"unix:/tmp/s": "unix:/tmp/s", "unix:s": "unix:s", "tcp:localhost:4000": "tcp:localhost:4000", "tcp::4000": "tcp:localhost:4000",
		"tcp:[::1]:4000": "tcp:[::1]:4000", "unix:": "", "tcp:": "", "tcp:4000": "", "udp:a:1": "", "": "", "tcp:a:": "",
	} {
		a, err := ParseAddress("--connect", text)
		if got := a.String(); (err == nil) != (want != "") || want != "" && got != want {
			t.Errorf("%q: got %q and the error %v, expected %q", text, got, err, want)
		}
	}
}
