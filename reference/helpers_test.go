package reference_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/packetspec/packetspec/reference"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// eof is the EOF packet: a request with tag 0, flags 0 and type 0.
const eof = "03 00 02 00"

// patience is how long a test waits for what should come at once. It is never the
// time a passing test takes, and in a bubble it is no time at all.
const patience = 20 * time.Second

// none answers every request with the empty reply.
func none(context.Context, reference.Request) (reference.Reply, error) {
	return reference.Reply{}, nil
}

// echo answers with the request's flags and payload.
func echo(_ context.Context, r reference.Request) (reference.Reply, error) {
	return reference.Reply{Flags: r.Flags, Payload: r.Payload}, nil
}

// octets reads hex in which spaces are for the eye.
func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatalf("hex in the test: %v", err)
	}
	return b
}

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, expected %v", what, got, want)
	}
}

// checkErr expects want in got's chain; want may be nil.
func checkErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, expected %v", what, got, want)
	}
}

// show is all of a response but its value, in one line.
func show(r reference.Response) string {
	return fmt.Sprintf("ok=%t flags=%#x payload=%q", r.OK, r.Flags, r.Payload)
}

// each runs f once for every case, under its name and in a bubble of its own (see
// testing/synctest): time stands still while anything can run, and a deadlock fails.
func each[T any](t *testing.T, cases map[string]T, f func(*testing.T, T)) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, c) })
		})
	}
}

// elapse lets time pass in a bubble, where that takes no time.
func elapse(d time.Duration) { <-time.After(d) }

// A peer is the far end of a connection in a bubble. It knows nothing of the
// protocol: what it sends and expects stands in the test, octet by octet.
type peer struct {
	t   *testing.T
	out *io.PipeWriter // to the connection
	in  *io.PipeReader // from it

	start  time.Time
	mu     sync.Mutex
	writes []arrival
	ended  error // why in ended; nil while it has not
}

// An arrival is what one write of the connection brought.
type arrival struct {
	after  time.Duration // since the connection began
	octets []byte
}

// connect starts a connection with no grace, and a peer that reads all it sends.
func connect(t *testing.T, h reference.Handler, opts ...reference.Option) (*reference.PacketConnection, *peer) {
	c, p := connectDeaf(t, h, opts...)
	go p.listen()
	return c, p
}

// connectDeaf is connect with a peer that reads nothing until it listens.
func connectDeaf(t *testing.T, h reference.Handler, opts ...reference.Option) (*reference.PacketConnection, *peer) {
	recv, out := io.Pipe()
	in, send := io.Pipe()
	p := &peer{t: t, out: out, in: in, start: time.Now()}
	c := reference.New(recv, send, h, append([]reference.Option{reference.WithGrace(0)}, opts...)...)
	t.Cleanup(func() {
		_, _ = out.Close(), c.Close()
		checkEnded(t, c)
	})
	return c, p
}

// checkEnded expects every goroutine of c to come to its end.
func checkEnded(t *testing.T, c *reference.PacketConnection) {
	t.Helper()
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := c.Join(soon); errors.Is(err, context.DeadlineExceeded) {
		t.Error("the connection did not end")
	}
}

func (p *peer) listen() {
	buffer := make([]byte, 1<<20)
	for {
		n, err := p.in.Read(buffer)
		p.mu.Lock()
		if n > 0 {
			p.writes = append(p.writes, arrival{time.Since(p.start), append([]byte(nil), buffer[:n]...)})
		}
		p.ended = err
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// send writes the octets, which the connection must be reading.
func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := p.out.Write(octets(p.t, text)); err != nil {
		p.t.Errorf("the connection did not take % s: %v", text, err)
	}
}

// arrivals is what has arrived since it was last asked, once nothing more is under way.
func (p *peer) arrivals() []arrival {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.writes = nil }()
	return p.writes
}

// take is the octets of arrivals.
func (p *peer) take() (all []byte) {
	for _, a := range p.arrivals() {
		all = append(all, a.octets...)
	}
	return all
}

// expect wants exactly these octets since the last time, and nothing else under way.
func (p *peer) expect(packets ...string) {
	p.t.Helper()
	want := octets(p.t, strings.Join(packets, " "))
	if got := p.take(); string(got) != string(want) {
		p.t.Errorf("octets sent: got [% x], expected [% x]", got, want)
	}
}

// expectFailure wants one short failure response on channel 0, and returns its text.
func (p *peer) expectFailure(tag byte) string {
	p.t.Helper()
	got := p.take()
	if len(got) < 3 || int(got[0]) != len(got)-1 || got[1] != tag || got[2] != 0 {
		p.t.Fatalf("octets sent: got [% x], expected a failure response [length %02x 00 text]", got, tag)
	}
	return string(got[3:])
}

// expectEnd wants the EOF packet and then the end of the octets.
func (p *peer) expectEnd() {
	p.t.Helper()
	p.expect(eof)
	p.expectClosed()
}

func (p *peer) expectClosed() {
	p.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	checkErr(p.t, "end of the connection's octets", p.ended, io.EOF)
}

// request submits r, which must be accepted.
func request(t *testing.T, c *reference.PacketConnection, r reference.Request) *reference.Call {
	t.Helper()
	call, err := c.Request(r)
	if err != nil {
		t.Fatalf("Request: %v", err)
	}
	return call
}

// wait is call.Wait, but not for ever.
func wait(call *reference.Call) (reference.Response, error) {
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return call.Wait(soon)
}

// checkAnswer waits for call's answer, which must be want, as show writes it.
func checkAnswer(t *testing.T, call *reference.Call, want string) {
	t.Helper()
	got, err := wait(call)
	checkErr(t, "Wait", err, nil)
	check(t, "response", show(got), want)
}

func checkCancelled(t *testing.T, call *reference.Call) {
	t.Helper()
	_, err := wait(call)
	checkErr(t, "Wait", err, reference.ErrCancelled)
}

// background runs f and returns what tells whether it has returned, once nothing
// in the bubble can go on.
func background(f func()) (returned func() bool) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	return func() bool {
		synctest.Wait()
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
}

// A gate holds handlers until it is opened for some of them.
type gate struct {
	mu      sync.Mutex
	held    int
	release chan struct{}
}

func newGate() *gate { return &gate{release: make(chan struct{})} }

// handler waits at the gate, whatever its context says, and then echoes.
func (g *gate) handler(ctx context.Context, r reference.Request) (reference.Reply, error) {
	g.add(1)
	defer g.add(-1)
	<-g.release
	return echo(ctx, r)
}

func (g *gate) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held += n
}

// atWork is how many handlers are held, once nothing in the bubble can go on.
func (g *gate) atWork() int {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}

func (g *gate) open(n int) {
	for range n {
		g.release <- struct{}{}
	}
}
