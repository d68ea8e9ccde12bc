package reference_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/reference"
)

const ms = time.Millisecond

// The tests of this file compare times exactly: in a bubble the clock advances only while
// every goroutine is blocked.

func TestGraceDelaysTheFirstOctets(t *testing.T) {
	type grace struct{ given, want time.Duration }
	each(t, map[string]grace{
		"0":        {0, 0},
		"100 ms":   {100 * ms, 100 * ms},
		"negative": {-ms, 0},
	}, func(t *testing.T, g grace) {
		c, p := connect(t, nil, reference.WithGrace(g.given))
		request(t, c, reference.Request{})
		elapse(time.Second)
		p.expectWrites(t, arrival{g.want, octets(t, "03 01 02 01")})
	})
}

// expectWrites fails the test unless exactly these writes arrive, each at its time since
// the start of the connection.
func (p *peer) expectWrites(t *testing.T, want ...arrival) {
	t.Helper()
	got := p.arrivals()
	if len(got) != len(want) {
		t.Fatalf("writes: got %d %v, expected %d", len(got), got, len(want))
	}
	for n := range got {
		checkOctets(t, "octets of the write", got[n].octets, want[n].octets)
		check(t, "time of the write", got[n].after, want[n].after)
	}
}

func TestDefaultGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := reference.New(near, near, nil) // no options
		start := time.Now()
		request(t, c, reference.Request{})
		_, err := far.Read(make([]byte, 1))
		checkErr(t, "Read", err, nil)
		check(t, "time of the first octet", time.Since(start), 10*ms)
		checkErr(t, "Close", c.Close(), nil)
		checkErr(t, "Join", c.Join(ctx), reference.ErrClosed)
	})
}

func TestGraceFlushesPacketsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil, reference.WithGrace(100*ms))
		for range 5 {
			request(t, c, reference.Request{})
		}
		elapse(time.Second)
		p.expectWrites(t, arrival{100 * ms, octets(t, "03 01 02 01 03 02 02 01 03 03 02 01 03 04 02 01 03 05 02 01")})
	})
}

// Packets that keep arriving do not delay the flush: each grace runs once.
func TestGraceRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil, reference.WithGrace(100*ms))
		for range 6 { // at 0, 30, 60, 90, 120 and 150 ms
			request(t, c, reference.Request{})
			elapse(30 * ms)
		}
		elapse(time.Second)
		p.expectWrites(t,
			arrival{100 * ms, octets(t, "03 01 02 01 03 02 02 01 03 03 02 01 03 04 02 01")},
			arrival{220 * ms, octets(t, "03 05 02 01 03 06 02 01")})
	})
}

func TestGraceBeginsWithThePacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil, reference.WithGrace(100*ms))
		elapse(time.Second) // idle: no grace runs
		request(t, c, reference.Request{})
		elapse(time.Second)
		p.expectWrites(t, arrival{1100 * ms, octets(t, "03 01 02 01")})
	})
}

func TestGraceOfAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, none, reference.WithGrace(100*ms))
		p.send("03 01 02 01")
		elapse(50 * ms)
		p.send("03 02 02 01")
		elapse(time.Second)
		p.expectWrites(t, arrival{100 * ms, octets(t, "02 01 04 02 02 04")})
	})
}

// A full buffer is written at once, without waiting for the end of the grace.
func TestFullBufferDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil, reference.WithGrace(100*ms))
		request(t, c, reference.Request{Payload: make([]byte, 5000)})
		synctest.Wait()
		request(t, c, reference.Request{})
		elapse(time.Second)
		got := p.arrivals()
		check(t, "writes", len(got), 2)
		check(t, "time of the first", got[0].after, 0)
		check(t, "time of the last", got[len(got)-1].after, 100*ms)
	})
}

func TestShutdownCutsTheGraceShort(t *testing.T) {
	each(t, blocking, func(t *testing.T, block bool) {
		c, p := connect(t, nil, reference.WithGrace(time.Hour))
		request(t, c, reference.Request{})
		elapse(20 * ms)
		shutdown(t, c, block)
		p.expectClosed()
		var all []string
		for _, a := range p.arrivals() {
			check(t, "time of the write", a.after, 20*ms)
			all = append(all, string(a.octets))
		}
		checkOctets(t, "octets sent", []byte(strings.Join(all, "")), octets(t, "03 01 02 01"+eof))
		p.send(eof)
	})
}

func TestPeersEndCutsTheGraceShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, none, reference.WithGrace(time.Hour))
		p.send(rq1 + eof)
		p.expect("02 01 04", eof)
		p.expectClosed()
		check(t, "time", time.Since(p.start), 0)
	})
}

// A shutdown does not cut the grace short while a handler has yet to answer.
func TestShutdownWithARunningHandlerKeepsTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler, reference.WithGrace(100*ms))
		p.send(rq1)
		check(t, "handlers running", g.running(), 1)
		request(t, c, reference.Request{})
		elapse(20 * ms)
		checkErr(t, "Shutdown", c.Shutdown(false), nil)
		elapse(20 * ms)
		g.open(1)
		p.expect("03 01 02 01", "02 01 04", eof)
		check(t, "time", time.Since(p.start), 40*ms)
		p.send(eof)
	})
}

func TestCloseInAGraceSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := &writeCounter{closed: make(chan struct{})}
		c := reference.New(written, written, nil, reference.WithGrace(time.Second))
		call := request(t, c, reference.Request{})
		synctest.Wait()
		checkErr(t, "Close", c.Close(), nil)
		checkCancelled(t, call)
		checkErr(t, "Join", c.Join(ctx), reference.ErrClosed)
		check(t, "writes", written.count, 0)
	})
}

// A writeCounter accepts and counts writes, even after Close, and delivers no octets.
type writeCounter struct {
	closed chan struct{}
	count  int
}

func (w *writeCounter) Read([]byte) (int, error)    { <-w.closed; return 0, io.EOF }
func (w *writeCounter) Write(b []byte) (int, error) { w.count++; return len(b), nil }
func (w *writeCounter) Close() error                { close(w.closed); return nil }

// With the default grace each end holds a lone packet once, and no longer: a round trip takes
// 20 ms.
func TestLoneRequestWithTheDefaultGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, toFar := io.Pipe()
		far, toNear := io.Pipe()
		a, b := reference.New(near, toNear, none), reference.New(far, toFar, none)
		for range 3 {
			start := time.Now()
			_, err := a.Do(ctx, reference.Request{})
			checkErr(t, "Do", err, nil)
			check(t, "a round trip took", time.Since(start), 2*reference.DefaultGrace)
		}
		checkErr(t, "Shutdown", a.Shutdown(false), nil)
		checkErr(t, "Join", b.Join(ctx), nil)
		checkErr(t, "Join", a.Join(ctx), nil)
	})
}
