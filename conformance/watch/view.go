package watch

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/relay"
)

// A ViewOptions says what a view writes, and where.
type ViewOptions struct {
	Names      [2]string
	Filter     Filter
	JSON       bool // lines of JSON, not of text
	NoPayloads bool
	Color      bool
	// Drops says that the view leaves lines out if its reader is slow, as a stopped terminal is. If not set, the
	// traffic waits. A report has the findings anyway.
	Drops bool
	// Show is called with the lines of one event or of several; its error ends the view.
	Show func(lines string) error
}

// A View writes the events of a relay as lines, beside the relay. Observe may be called by one goroutine at a time.
// Its owner ends it with Close.
type View struct {
	o      ViewOptions
	style  style
	events chan *relay.Event
	done   chan struct{} // closed when everything is written, or nothing more can be
	ended  sync.Once

	dropped int // events, since the last one that was queued; only Observe uses it
	err     error
}

// mostQueued bounds the events that wait to be written.
const mostQueued = 4096

// mostAtOnce is how many bytes of lines are written at once, if more of them wait.
const mostAtOnce = 64 << 10

// NewView returns a view of a connection that begins at a time.
func NewView(o ViewOptions, began time.Time) *View {
	v := &View{
		o: o, style: style{names: o.Names, began: began, noPayloads: o.NoPayloads, color: o.Color},
		events: make(chan *relay.Event, mostQueued), done: make(chan struct{}),
	}
	go v.write()
	return v
}

// Observe queues an event, which may change when it returns.
func (v *View) Observe(e *relay.Event) {
	if !v.o.Filter.shows(e, v.o.Names) {
		return
	}
	own := *e
	own.Findings = slices.Clone(e.Findings)
	if e.Packet != nil {
		own.Packet = e.Packet.Clone()
	}
	if v.o.Drops {
		if v.dropped > 0 {
			own.Note = strings.TrimSpace(fmt.Sprintf("%s (%d lines before this were left out, because they came too fast)", own.Note, v.dropped))
		}
		select {
		case v.events <- &own:
			v.dropped = 0
		default:
			v.dropped++
		}
		return
	}
	select {
	case v.events <- &own:
	case <-v.done:
	}
}

// write writes what is queued, until the view is closed or an error comes.
func (v *View) write() {
	defer close(v.done)
	lines := v.style.text
	if v.o.JSON {
		lines = v.style.json
	}
	var waiting strings.Builder
	for e := range v.events {
		waiting.WriteString(lines(e))
		if len(v.events) > 0 && waiting.Len() < mostAtOnce {
			continue // and write both at once
		}
		if v.err = v.o.Show(waiting.String()); v.err != nil {
			return
		}
		waiting.Reset()
	}
}

// Close writes what is queued, and returns the error that ended the view, if one did. Observe must not be called any more.
func (v *View) Close() error {
	v.ended.Do(func() { close(v.events) })
	<-v.done
	return v.err
}

// Lines returns a function that writes each event to w at once, as a view does. It ignores errors: w keeps its own.
func Lines(names [2]string, began time.Time, inJSON, noPayloads bool, w io.Writer) func(*relay.Event) {
	s := style{names: names, began: began, noPayloads: noPayloads}
	lines := s.text
	if inJSON {
		lines = s.json
	}
	return func(e *relay.Event) { _, _ = io.WriteString(w, lines(e)) }
}

// Summary writes what a report says, as the last lines of a view or a log.
func Summary(w io.Writer, r *relay.Report, inJSON, strict bool) error {
	if inJSON {
		line, err := json.Marshal(struct {
			Report   *relay.Report `json:"report"`
			Conforms bool          `json:"conforms"`
		}{r, r.Conforms(strict)})
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		return err
	}
	if err := r.Text(w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, r.Verdict(strict))
	return err
}
