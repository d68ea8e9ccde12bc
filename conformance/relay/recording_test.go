package relay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// record returns the recording of some pieces.
func record(o RecorderOptions, pieces ...Piece) string {
	o.Names = [2]string{"left", "right"}
	if o.Limit == 0 {
		o.Limit = 1 << 20
	}
	var out bytes.Buffer
	r := NewRecorder(&out, o, began)
	for _, p := range pieces {
		if p.Octets != nil {
			r.Octets(p.From, began.Add(p.At), p.Octets)
		}
		if p.Ending != "" {
			r.End(p.From, p.Ending, began.Add(p.At))
		}
	}
	_ = r.Close()
	return out.String()
}

// pieces are a connection, in pieces that do not end where its packets do.
var pieces = []Piece{
	{From: Left, At: time.Millisecond, Octets: []byte("\x09\x01\x02\x03sec")},
	{From: Left, At: 2 * time.Millisecond, Octets: []byte("ret\x03")},
	{From: Right, At: 3 * time.Millisecond, Octets: []byte("\x08\x01\x04secret\x03\x00\x02\x00")},
	{From: Left, At: 4 * time.Millisecond, Octets: []byte("\x00\x02\x00"), Ending: Closed},
	{From: Right, At: 5 * time.Millisecond, Ending: Closed},
}

// TestRecording requires a recording to show a judge what the relay showed it.
func TestRecording(t *testing.T) {
	for _, noPayloads := range []bool{false, true} {
		text := record(RecorderOptions{NoPayloads: noPayloads}, pieces...)
		if strings.Contains(text, fmt.Sprintf("%x", "sec")) == noPayloads {
			t.Errorf("no payloads %t: %s", noPayloads, text)
		}
		r, err := NewRecordingReader(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		o := testOptions()
		o.Observe = func(e *Event) {
			if e.Packet != nil {
				got = append(got, fmt.Sprintf("%d %d %d", e.From, e.Packet.Offset, e.Packet.Octets()))
			}
		}
		j := NewJudge(o, r.Began)
		for {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := j.Replay(p); err != nil {
				t.Fatal(err)
			}
		}
		want := "[0 0 10 1 0 9 1 9 4 0 10 4]"
		if report := j.Report(began.Add(time.Second)); fmt.Sprint(got) != want || len(report.Findings) > 0 {
			t.Errorf("got %v and %+v, expected %s", got, report.Findings, want)
		}
	}
}

// TestRecordingLimit requires a recording to end at its limit, and to say so.
func TestRecordingLimit(t *testing.T) {
	text := record(RecorderOptions{Limit: 250}, pieces...)
	if !strings.HasSuffix(text, "\n{\"limit\":250}\n") || len(text) > 250+len("{\"limit\":250}\n") {
		t.Errorf("got %s", text)
	}
}

// TestNoRecording requires what is no recording to be refused, and never to be followed by a panic.
func TestNoRecording(t *testing.T) {
	head := record(RecorderOptions{})
	for text, want := range map[string]string{
		"":       "EOF",
		"0a82":   ErrTorn.Error(),
		"0a82\n": ErrNoRecording.Error(),
		"{}\n":   ErrNoRecording.Error(),
		`{"packetspec_recording":9,"sides":["a","b"]}` + "\n": "the recording has the format 9; this packetspec reads the format 1",
		`{"packetspec_recording":1,"sides":["a","a"]}` + "\n": `both sides of the recording are named "a"`,
		head + "x\n": "line 2 is no line of a recording",
		head + `{"from":"middle","octets":""}` + "\n": `line 2: there is no side "middle"`,
		head + `{"from":"left","octets":"0"}` + "\n":  "line 2: its octets are not hex",
		head + `{"from":"left","octets":"00`:          ErrTorn.Error(),
		head + strings.Repeat("x", maxLine+1):         fmt.Sprintf("line 2 is longer than %d bytes", maxLine),
	} {
		r, err := NewRecordingReader(strings.NewReader(text))
		if err == nil {
			_, err = r.Next()
		}
		if err == nil || err.Error() != want {
			t.Errorf("%.80q: got %v, expected %s", text, err, want)
		}
	}
	j := NewJudge(testOptions(), began)
	if err := j.Replay(Piece{Omitted: 5}); err == nil {
		t.Error("octets are left out where there is no payload, without an error")
	}
}

// A fullDisk accepts nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space") }

// TestRecorderOnFullDisk requires a recorder that cannot write to block nobody, and to report the error at the end.
func TestRecorderOnFullDisk(t *testing.T) {
	r := NewRecorder(fullDisk{}, RecorderOptions{Limit: 1 << 40}, began)
	for range 100 {
		r.Octets(Left, began, make([]byte, 1<<20))
	}
	if err := r.Close(); err == nil {
		t.Error("no error")
	}
}
