package relay

import (
	"fmt"
	"time"
)

// An Ending says how the octets of a side ended.
type Ending string

// The endings.
const (
	Closed  Ending = "closed"  // the side closed its stream, or its process ended
	Broken  Ending = "broken"  // an error ended it, such as a reset connection
	Stopped Ending = "stopped" // the relay stopped reading it
	Flowing Ending = "open"    // it has not ended
)

// End notes that the octets of one side have ended.
func (j *Judge) End(from Side, how Ending, at time.Time) {
	j.Expire(at)
	d := &j.dirs[from]
	if d.closed {
		return
	}
	d.closed, d.ending = true, how
	j.event = Event{From: from, At: at, Note: "closed its stream"}
	if how != Closed {
		j.event.Note = "its stream is " + string(how)
	}
	p, inside := d.split.Inside()
	judged := how != Stopped && d.phase == flowing && !d.excused && !j.stopping
	switch {
	case judged && inside:
		text := "the stream ends inside a length"
		if missing, known := d.split.Missing(); known {
			text = fmt.Sprintf("the stream ends inside a packet, which lacks %d octets", missing)
		}
		j.find(from, at, Finding{Requirement: "EOS-4", Kind: "cut inside a packet", Offset: p.Offset, Text: text})
	case judged:
		j.find(from, at, Finding{Requirement: "EOS-4", Kind: "no EOF", Offset: d.split.offset, Text: "the stream ends without an EOF packet"})
	}
	j.stopClock(from.Other(), at)
	j.observe()
}

// Unreceived notes that a side has closed its receiving stream. The other side may stop sending then, even
// in the middle of a packet. (SHD-11)
func (j *Judge) Unreceived(by Side, at time.Time) {
	j.Expire(at)
	sender := &j.dirs[by.Other()]
	if sender.excused || sender.closed {
		return
	}
	sender.excused = true
	j.stopClock(Left, at)
	j.stopClock(Right, at)
	j.event = Event{From: by, At: at, Note: "closed its receiving stream"}
	j.observe()
}

// Excused reports whether nobody receives what a side sends any more.
func (j *Judge) Excused(side Side) bool { return j.dirs[side].excused }

// Came returns how many octets have come from both sides.
func (j *Judge) Came() int64 { return j.dirs[Left].split.offset + j.dirs[Right].split.offset }

// Excuse notes that a side is made to stop sending now. What is missing at the end of its stream is not judged.
func (j *Judge) Excuse(side Side) { j.dirs[side].excused = true }

// Stop notes that somebody else, such as the user, ends the connection now. What is missing then is not judged.
func (j *Judge) Stop(at time.Time) {
	j.Expire(at)
	j.stopping = true
}

// An Open is a request that has not been answered.
type Open struct {
	Side    string  `json:"side"` // of the requester
	Request string  `json:"request"`
	Offset  int64   `json:"offset"`  // of its first octet in that side's stream
	OpenMS  float64 `json:"open_ms"` // until the end, or until the other side stopped answering
	Crossed bool    `json:"crossed"` // the other side had stopped answering when the request came
}

// Opens returns the oldest requests of a side that are open at a time, at most a number, and how many are open.
func (j *Judge) Opens(requester Side, at time.Time, most int) (opens []Open, count int) {
	d := &j.dirs[requester]
	for r := d.open.oldest; r != nil && len(opens) < most; r = r.newer {
		until := at
		if !d.stopped.IsZero() {
			until = d.stopped
		}
		opens = append(opens, Open{
			Side: j.o.Names[requester], Request: r.describe(), Offset: r.offset,
			OpenMS: milliseconds(max(0, until.Sub(r.at))), Crossed: !d.stopped.IsZero() && !r.at.Before(d.stopped),
		})
	}
	return opens, d.open.count
}

// OpenNow returns how many requests of a side are open, and since when the oldest is.
func (j *Judge) OpenNow(requester Side) (count int, oldest time.Time) {
	d := &j.dirs[requester]
	if d.open.oldest != nil {
		oldest = d.open.oldest.at
	}
	return d.open.count, oldest
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Silence has the judge pass on no further events.
func (j *Judge) Silence() { j.o.Observe = nil }
