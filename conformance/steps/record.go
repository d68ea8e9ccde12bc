package steps

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/record"
)

// keptLine bounds what is kept of one command or reply, in bytes, and keptLines what is kept of all
// of a scenario: a command may hold a payload of 16 MiB in hex, and a scenario thousands of commands.
const (
	keptLine  = 256 << 10
	keptLines = 4 << 20
)

// A conversation records what runner and adapter say to each other in one scenario. Its zero
// value is empty and ready to use.
type conversation struct {
	mu    sync.Mutex // guards the fields below
	lines []spoken
	bytes int
}

// A spoken is one command or reply.
type spoken struct {
	at      time.Time
	from    record.Source
	text    string
	omitted int // bytes that text lacks at its end
}

// add records a line, as [adapter.Client.Trace] passes it.
func (c *conversation) add(fromAdapter bool, line []byte) {
	from := record.Runner
	if fromAdapter {
		from = record.Adapter
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := max(0, min(len(line), keptLine, keptLines-c.bytes))
	c.bytes += keep
	c.lines = append(c.lines, spoken{time.Now(), from, string(line[:keep]), len(line) - keep})
}

// Record returns what has happened in the scenario so far, as far as the limit allows: the
// octets of both ends, the commands and the replies.
func (w *World) Record(limit record.Limit) []record.Event {
	var events []record.Event
	since := func(t time.Time) record.Milliseconds { return record.Milliseconds(max(0, t.Sub(w.watch.began))) }
	for i, c := range w.conns {
		for _, e := range c.peer.Wire.Events() {
			from := record.Subject
			if e.From == peer.FromPeer {
				from = record.Peer
			}
			events = append(events, record.Event{At: since(e.Time), Conn: i + 1, From: from, Octets: record.Octets(e.Octets), Text: e.Note})
		}
	}
	w.conversation.mu.Lock()
	for _, line := range w.conversation.lines {
		events = append(events, record.Event{At: since(line.at), From: line.from, Text: line.text, Omitted: line.omitted})
	}
	w.conversation.mu.Unlock()
	slices.SortStableFunc(events, func(a, b record.Event) int { return cmp.Compare(a.At, b.At) })
	return limit.Cut(events)
}
