package replay_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/record"
	"github.com/packetspec/packetspec/conformance/replay"
	"github.com/packetspec/packetspec/conformance/report"
)

// events are what happens in a scenario: a request that is answered, an error, and both ends.
var events = []record.Event{
	{From: record.Runner, Text: `{"id":7,"op":"open","conn":"c9","recv":"r","send":"s","handler":true,"grace":0}`},
	{From: record.Adapter, Text: `{"id":7}`},
	{From: record.Peer, Conn: 1, Octets: record.Octets("\x04\x01\x02\x03a")},
	{From: record.Subject, Conn: 1, Octets: record.Octets("\x03\x01\x04a")},
	{From: record.Runner, Text: `{"id":8,"op":"seen","conn":"c9"}`},
	{From: record.Adapter, Text: `{"id":8,"calls":[{"rq_type":"2","flags":"0","payload":"61"}]}`},
	{From: record.Runner, Text: `{"id":9,"op":"wait","conn":"c9","call":"nosuch"}`},
	{From: record.Adapter, Text: `{"id":9,"error":{"kind":"invalid","message":"other words"}}`},
	{From: record.Peer, Conn: 1, Octets: record.Octets("\x03\x00\x02\x00")},
	{From: record.Subject, Conn: 1, Octets: record.Octets("\x03\x00\x02\x00")},
	{From: record.Subject, Conn: 1, Text: "closed its sending pipe"},
}

// play plays events against the second implementation, and returns whether all happened, and the lines that differ.
func play(t *testing.T, all []record.Event) (same bool, different []string) {
	t.Helper()
	impl, err := mutant.New("")
	if err != nil {
		t.Fatal(err)
	}
	b := replay.Bundle{Events: all}
	same, err = b.Play(t.Context(), replay.Options{
		Adapter: adapter.InProcess{Implementation: impl}, Timeout: time.Minute, StartTime: time.Minute, Dir: t.TempDir(),
		Observe: func(l replay.Line) {
			if l.Differs != "" {
				different = append(different, string(l.From)+": "+l.Text+": "+l.Differs)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return same, different
}

func TestPlay(t *testing.T) {
	if same, different := play(t, events); !same || different != nil {
		t.Errorf("got %v and %q, expected all as recorded", same, different)
	}
	for name, c := range map[string]struct {
		at   int
		e    record.Event
		want string
	}{
		"octets":   {3, record.Event{From: record.Subject, Conn: 1, Octets: record.Octets("\x03\x01\x04b")}, "from octet 4 on; the record has 03 01 04 62"},
		"a reply":  {5, record.Event{From: record.Adapter, Text: `{"id":8,"calls":[]}`}, `the record has {"id":8,"calls":[]}`},
		"an error": {7, record.Event{From: record.Adapter, Text: `{"id":9,"ok":true}`}, `the record has {"id":9,"ok":true}`},
		"no end": {9, record.Event{From: record.Subject, Conn: 1, Octets: record.Octets("\x03\x00\x02\x00\x03")},
			"the record has 1 octets more: 03"},
		"a cut command": {4, record.Event{From: record.Runner, Text: `{"id":8,"op":"see`, Omitted: 3}, "it was cut in the record, and cannot be sent"},
	} {
		t.Run(name, func(t *testing.T) {
			altered := append([]record.Event(nil), events...)
			altered[c.at] = c.e
			same, different := play(t, altered)
			if same || len(different) == 0 || !strings.Contains(different[0], c.want) {
				t.Errorf("got %v and %q, expected %q", same, different, c.want)
			}
		})
	}
}

// A bundle is read as it was saved, and its parts are plain files.
func TestSave(t *testing.T) {
	k := replay.Keeper{Dir: t.TempDir(), Most: 1, About: replay.Bundle{Suite: "v1", Specification: "1.0", Dialect: "2021"}}
	dir := k.Keep(report.Subject{Name: "s"}, report.Result{ID: "a/b", Outcome: report.Fail, Stderr: "last words", Events: events}, "Feature: A\n")
	if want := filepath.Join(k.Dir, "a.b"); dir != want {
		t.Fatalf("got the folder %q and %v, expected %q", dir, k.Err(), want)
	}
	if again := k.Keep(report.Subject{}, report.Result{ID: "a/c", Events: events}, ""); again != "" {
		t.Errorf("got a second folder %q, expected one bundle", again)
	}
	b, err := replay.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(b.Events, events) || b.Result.ID != "a/b" || b.Subject.Name != "s" || b.Suite != "v1" || b.Cut {
		t.Errorf("got %+v", b)
	}
	for name, want := range map[string]string{
		"peer-1.octets": "\x04\x01\x02\x03a\x03\x00\x02\x00", "subject-1.octets": "\x03\x01\x04a\x03\x00\x02\x00",
		"stderr.txt": "last words", "scenario.feature": "Feature: A\n",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: got %q and %v, expected %q", name, got, err, want)
		}
	}
}

// A folder that cannot be written is an error, once.
func TestKeeperThatCannotWrite(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k := replay.Keeper{Dir: blocked}
	if dir := k.Keep(report.Subject{}, report.Result{ID: "a/b", Events: events}, ""); dir != "" || k.Err() == nil || !strings.Contains(k.Err().Error(), blocked) {
		t.Errorf("got %q and %v, expected an error about %s", dir, k.Err(), blocked)
	}
}
