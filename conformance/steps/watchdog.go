package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// ErrTimeout is the cause with which a scenario's context ends when its time is over.
var ErrTimeout = errors.New("the scenario's time is over")

// A watchdog ends a scenario that hangs, with [ErrTimeout]. A scenario may take long while it moves;
// it hangs if the subject has nothing to show for the time --timeout. Three limits say what that means:
//
//  1. Silence. For --timeout nothing has come: no octet from the subject, no octet that it has taken
//     from its pipe, no end of its stream, and no reply of the adapter except to hello, seen and ticks.
//     The standard error does not count, because free text shows no progress.
//  2. Trickle. The step's wait has lasted for --timeout, although something came. A wait ends when what a
//     step awaits has come: a packet that it requires, a reply, or an answer to seen or ticks that
//     differs from the last one. A stray packet, an octet of a packet that never ends, and a reply to an
//     unchanged question end no wait. Octets extend this limit by ten times what they usually take: for
//     each 64 KiB, the capacity of a pipe, ten times as long as this adapter takes, on this machine, to
//     reply to seen. A subject that sends one useless octet a second gains microseconds by that.
//  3. All. The scenario has taken 20 times --timeout.
//
// So a subject that moves what the scenario has it move gets the time for it, up to the third limit. One
// that stops, or sends only what nobody awaits, ends about --timeout after the last useful event.
//
// The first two limits count only the time in which this process and the subject were able to run:
//
//   - A timer of this process that fires late shows that this process has waited for a CPU. The
//     watchdog does not count how late it was.
//   - When a limit is reached, the watchdog asks the system how long the subject's threads have waited
//     for a CPU, and does not count that either. It does count it as far as the threads ran: a subject
//     that keeps a whole CPU busy does not starve. Linux counts this wait; on other systems the first
//     rule has to do.
//
// Its methods may be called concurrently.
type watchdog struct {
	ctx    context.Context
	end    context.CancelCauseFunc
	limit  time.Duration // --timeout
	period time.Duration // between two looks
	client *adapter.Client
	cpu    func() (adapter.CPUTime, bool)

	mu      sync.Mutex // guards the fields below
	peers   []*peer.Peer
	regard  regard
	began   time.Time
	looked  time.Time     // when the watchdog looked last
	came    time.Time     // when something came last
	waiting time.Time     // when the wait began
	silence time.Duration // counted since something came
	wait    time.Duration // counted since a wait ended
	seen    movement      // when the watchdog looked last
	extra   time.Duration // by which octets extend the limit of wait
	starved *cpuSample    // nil: none since a wait ended
	why     string        // the scenario has ended; empty: it has not
}

const (
	// mostTimeouts bounds the whole scenario, in units of --timeout.
	mostTimeouts = 20
	// looks is how often the watchdog looks within --timeout. It is the precision of the limits.
	looks = 50
	// pipeful is how many octets a subject can read at once.
	pipeful = 64 << 10
	// slower is how many times as long as usual octets may take.
	slower = 10
)

// A regard says what the watchdog counts as progress.
type regard int

const (
	regardAll     regard = iota
	regardTraffic        // a step asks the same question again and again: the replies end no wait
	regardNothing        // the step's own attempts cause the traffic
)

// A movement is what has gone between the runner and the subject so far.
type movement struct {
	events int64 // replies and ends of streams
	octets int64
}

// A cpuSample is the CPU time that the subject had had at a time.
type cpuSample struct {
	at   time.Time
	time adapter.CPUTime
	ok   bool
}

// watch starts a watchdog for a session. The caller ends it by stop.
func watch(ctx context.Context, s *adapter.Session, limit time.Duration) *watchdog {
	now := time.Now()
	d := &watchdog{limit: limit, period: max(limit/looks, time.Millisecond), client: s.Client, cpu: s.CPU, began: now, looked: now, came: now, waiting: now}
	d.ctx, d.end = context.WithCancelCause(ctx)
	d.seen = d.movement()
	go d.run()
	return d
}

// Patiently returns a context that ends when a session has been silent for the limit, by the rules of a
// scenario's time. The caller calls stop.
func Patiently(ctx context.Context, s *adapter.Session, limit time.Duration) (_ context.Context, stop func()) {
	d := watch(ctx, s, limit)
	return d.ctx, d.stop
}

func (d *watchdog) stop() { d.end(context.Canceled) }

func (d *watchdog) run() {
	tick := time.NewTicker(d.period)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-d.ctx.Done():
			return
		}
		if d.look(time.Now()) {
			d.end(ErrTimeout)
			return
		}
	}
}

// add adds a connection's peer to what the watchdog looks at.
func (d *watchdog) add(p *peer.Peer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.peers = append(d.peers, p)
}

// served notes that what a step awaited has come.
func (d *watchdog) served() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.regard == regardAll {
		d.progress()
	}
}

// answerChanged notes that the answer to a repeated question has changed.
func (d *watchdog) answerChanged() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.regard != regardNothing {
		d.progress()
	}
}

func (d *watchdog) progress() {
	now := time.Now()
	d.came, d.waiting, d.silence, d.wait, d.extra, d.starved = now, now, 0, 0, 0, nil
}

// during sets what counts as progress, unless less counts already, until the function that it
// returns is called.
func (d *watchdog) during(r regard) (restore func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.regard
	d.regard = max(before, r)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.regard = before
	}
}

// movement returns what has moved so far. The caller holds d.mu, unless nobody else knows d.
func (d *watchdog) movement() movement {
	m := movement{events: d.client.Acts()}
	for _, p := range d.peers {
		t := p.Traffic()
		m.octets += t.Received + t.Taken
		if t.Ended {
			m.events++
		}
	}
	return m
}

// look notes what has come since it looked last, and reports whether the scenario hangs.
func (d *watchdog) look(now time.Time) (hangs bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	able := adapter.Able(now.Sub(d.looked), d.period)
	d.looked = now
	d.silence += able
	d.wait += able
	m := d.movement()
	if m != d.seen && d.regard != regardNothing {
		d.came, d.silence = now, 0
		pipefuls := float64(max(0, m.octets-d.seen.octets)) / pipeful
		d.extra += time.Duration(pipefuls * slower * float64(d.client.RoundTrip()))
	}
	d.seen = m
	longest := max(d.silence, d.wait-d.extra)
	switch {
	case now.Sub(d.began) >= mostTimeouts*d.limit:
		d.why = fmt.Sprintf("the scenario took %s, %d times --timeout %v; the last event was %s ago",
			seconds(now.Sub(d.began)), mostTimeouts, d.limit, seconds(now.Sub(d.came)))
	case longest >= d.limit && d.pardon(now):
	case d.silence >= d.limit, longest >= d.limit && d.silence >= d.limit/2:
		d.why = fmt.Sprintf("nothing for %s (--timeout %v)", seconds(now.Sub(d.came)), d.limit)
	case longest >= d.limit:
		d.why = fmt.Sprintf("nothing that the step awaits for %s (--timeout %v), although something came %s ago",
			seconds(now.Sub(d.waiting)), d.limit, seconds(now.Sub(d.came)))
	case longest >= d.limit/4 && d.starved == nil:
		// Sooner, most waits end: reading the table of all processes is not worth it.
		d.starved = d.sample(now)
	}
	return d.why != ""
}

// pardon takes from the counted times how long the subject has waited for a CPU since the last sample. It
// reports whether that was worth a look.
func (d *watchdog) pardon(now time.Time) bool {
	before := d.starved
	d.starved = d.sample(now)
	if before == nil || !before.ok || !d.starved.ok {
		return false
	}
	starved := d.starved.time.Starved(before.time, now.Sub(before.at))
	if starved < d.period {
		return false
	}
	d.silence -= starved
	d.wait -= starved
	return true
}

func (d *watchdog) sample(now time.Time) *cpuSample {
	s := &cpuSample{at: now}
	s.time, s.ok = d.cpu()
	return s
}

// maxOutstanding bounds the commands in a message.
const maxOutstanding = 8

// describe returns why the scenario has ended, and the scenario's commands without a reply, except those
// on closed connections: they may stay without.
func (d *watchdog) describe(isClosed func(conn string) bool) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	commands := slices.DeleteFunc(d.client.Outstanding(), func(p *adapter.Pending) bool {
		return p.Sent.Before(d.began) || isClosed(p.Command.Conn)
	})
	var words []string
	for _, p := range commands[:min(len(commands), maxOutstanding)] {
		words = append(words, commandWords(p.Command)+" for "+seconds(d.looked.Sub(p.Sent)))
	}
	if more := len(commands) - maxOutstanding; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	if words == nil {
		return d.why
	}
	return d.why + "; the adapter has not replied to " + strings.Join(words, ", ")
}

// seconds returns a time as text, to a tenth of a second.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
