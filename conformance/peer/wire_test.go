package peer

import (
	"encoding/hex"
	"strings"
	"sync"
	"testing"
)

// A wire has one line for each packet, where its last octet came, in whatever pieces it
// came.
func TestWireLines(t *testing.T) {
	const (
		from = FromSubject
		to   = FromPeer
	)
	type event struct {
		from Direction
		text string // hex, or a note
	}
	for name, c := range map[string]struct {
		events []event
		want   string
	}{
		"nothing": {nil, ""},
		"a packet each way": {
			[]event{{to, "03010201"}, {from, "020104"}},
			"peer     03 01 02 01  request: tag 1, wire type 1\n" +
				"subject  02 01 04  response: tag 1, ok",
		},
		"several in one write": {
			[]event{{to, "0301020103000200"}},
			"peer     03 01 02 01  request: tag 1, wire type 1\n" +
				"peer     03 00 02 00  EOF",
		},
		"one in pieces, with one of the other end between": {
			[]event{{to, "0301"}, {from, "02"}, {to, "02"}, {from, "0104"}, {to, "01"}},
			"subject  02 01 04  response: tag 1, ok\n" +
				"peer     03 01 02 01  request: tag 1, wire type 1",
		},
		"the end of one and the beginning of another": {
			[]event{{from, "0201"}, {from, "0402"}, {from, "0204"}},
			"subject  02 01 04  response: tag 1, ok\n" +
				"subject  02 02 04  response: tag 2, ok",
		},
		"octets that never become a packet": {
			[]event{{to, "05010203"}, {from, "81"}},
			"peer     05 01 02 03  (no whole packet)\n" +
				"subject  81  (no whole packet)",
		},
		"a malformed packet, and the next": {
			[]event{{to, "02010203000200"}},
			"peer     02 01 02  malformed: a body of 2 octets is too short for its fields\n" +
				"peer     03 00 02 00  EOF",
		},
		"notes": {
			[]event{{to, "note: stopped reading"}, {from, "020104"}, {to, "note: went on reading"}},
			"peer     stopped reading\n" +
				"subject  02 01 04  response: tag 1, ok\n" +
				"peer     went on reading",
		},
		"a note inside a packet": {
			[]event{{from, "0201"}, {from, "note: closed its sending pipe"}},
			"subject  closed its sending pipe\n" +
				"subject  02 01  (no whole packet)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var w Wire
			for _, e := range c.events {
				if note, ok := strings.CutPrefix(e.text, "note: "); ok {
					w.add(Event{From: e.from, Note: note})
					continue
				}
				octets, err := hex.DecodeString(e.text)
				if err != nil {
					t.Fatal(err)
				}
				w.add(Event{From: e.from, Octets: octets})
			}
			if got := strings.Join(w.Lines(), "\n"); got != c.want {
				t.Errorf("got\n%s\nexpected\n%s", got, c.want)
			}
		})
	}
}

func TestWireLinesCutLongPackets(t *testing.T) {
	var w Wire
	w.add(Event{From: FromPeer, Octets: Packet{Payload: make([]byte, 1000)}.Encode()})
	lines := w.Lines()
	if len(lines) != 1 || len(lines[0]) > 400 || !strings.Contains(lines[0], "(1004 octets)") || !strings.Contains(lines[0], "(1000 octets)") {
		t.Errorf("got %q, expected one short line with both lengths", lines)
	}
}

func TestWireConcurrently(t *testing.T) {
	var w Wire
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				w.add(Event{From: FromPeer, Note: "x"})
				_ = w.Lines()
			}
		})
	}
	all.Wait()
	events := w.Events()
	if len(events) != 400 {
		t.Errorf("got %d events, expected 400", len(events))
	}
	for i := 1; i < len(events); i++ {
		if events[i].Time.Before(events[i-1].Time) {
			t.Fatalf("event %d is older than that before it", i)
		}
	}
}

// Lines returns the texts of all lines.
func (w *Wire) Lines() (texts []string) {
	for line := range w.All() {
		texts = append(texts, line.String())
	}
	return texts
}

func TestWireStops(t *testing.T) {
	var w Wire
	w.add(Event{From: FromPeer, Note: "stopped reading"})
	w.Stop()
	w.add(Event{From: FromSubject, Note: "closed its sending pipe"})
	if got := w.Events(); len(got) != 1 {
		t.Errorf("got %d events, expected the one before Stop", len(got))
	}
}
