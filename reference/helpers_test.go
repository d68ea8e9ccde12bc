package reference_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/packetspec/packetspec/reference"
)

// childVariable makes a process the child of ExampleNew_childProcess.
const childVariable = "REFERENCE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := serveChild(); err != nil {
			panic(err)
		}
		return
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

var ctx = context.Background()

// eof is the EOF packet: a request with tag 0, flags 0 and type 0.
const eof = "03 00 02 00"

// patience bounds the wait for an event that should happen at once. No passing test
// takes so long, and in a synctest bubble the wait takes no real time.
const patience = 20 * time.Second

// none answers every request with the empty reply.
func none(context.Context, reference.Request) (reference.Reply, error) {
	return reference.Reply{}, nil
}

// echo answers with the flags and payload of the request.
func echo(_ context.Context, r reference.Request) (reference.Reply, error) {
	return reference.Reply{Flags: r.Flags, Payload: r.Payload}, nil
}

// octets decodes hex, ignoring spaces.
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

// checkErr fails the test unless errors.Is(got, want); want may be nil.
func checkErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, expected %v", what, got, want)
	}
}

// show writes a response, except its value, in one line.
func show(r reference.Response) string {
	return fmt.Sprintf("ok=%t flags=%#x payload=%q", r.OK, r.Flags, r.Payload)
}

// each runs f for every case as a subtest, in a bubble of its own (see testing/synctest):
// time stands still while any goroutine can run, and a deadlock fails the test.
func each[T any](t *testing.T, cases map[string]T, f func(*testing.T, T)) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, c) })
		})
	}
}

// elapse waits for d. In a bubble that takes no real time.
func elapse(d time.Duration) { <-time.After(d) }

// A peer is the far end of a connection in a bubble. It does not know the protocol: each
// test writes the octets that the peer sends and expects.
type peer struct {
	t   *testing.T
	out *io.PipeWriter // to the connection
	in  *io.PipeReader // from the connection

	start  time.Time
	mu     sync.Mutex // guards the fields below
	writes []arrival
	ended  error // the error that ended in; nil while in is open
}

// An arrival is one write of the connection.
type arrival struct {
	after  time.Duration // since the start of the connection
	octets []byte
}

// connect starts a connection without grace, and a peer that reads all that it sends.
func connect(t *testing.T, h reference.Handler, opts ...reference.Option) (*reference.PacketConnection, *peer) {
	c, p := connectUnread(t, h, opts...)
	go p.receive()
	return c, p
}

// connectUnread does the same, but the peer reads nothing until the test runs its receive.
func connectUnread(t *testing.T, h reference.Handler, opts ...reference.Option) (*reference.PacketConnection, *peer) {
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

// checkEnded fails the test if a goroutine of c does not end.
func checkEnded(t *testing.T, c *reference.PacketConnection) {
	t.Helper()
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := c.Join(soon); errors.Is(err, context.DeadlineExceeded) {
		t.Error("the connection did not end")
	}
}

// receive records the connection's writes until its stream ends.
func (p *peer) receive() {
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

// send writes octets to the connection and waits until it has read them.
func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := p.out.Write(octets(p.t, text)); err != nil {
		p.t.Errorf("the connection did not read %s: %v", text, err)
	}
}

// arrivals waits until every goroutine in the bubble is blocked, and returns the writes
// since the last call.
func (p *peer) arrivals() []arrival {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.writes = nil }()
	return p.writes
}

// take returns the octets of arrivals.
func (p *peer) take() (all []byte) {
	for _, a := range p.arrivals() {
		all = append(all, a.octets...)
	}
	return all
}

// expect fails the test unless exactly these octets have arrived since the last take.
func (p *peer) expect(packets ...string) {
	p.t.Helper()
	want := octets(p.t, strings.Join(packets, " "))
	if got := p.take(); string(got) != string(want) {
		p.t.Errorf("octets sent: got [% x], expected [% x]", got, want)
	}
}

// expectFailure does so unless one short failure response on channel 0 has arrived, and
// returns its text.
func (p *peer) expectFailure(tag byte) string {
	p.t.Helper()
	got := p.take()
	if len(got) < 3 || int(got[0]) != len(got)-1 || got[1] != tag || got[2] != 0 {
		p.t.Fatalf("octets sent: got [% x], expected a failure response [length %02x 00 text]", got, tag)
	}
	return string(got[3:])
}

// expectEnd fails the test unless the EOF packet has arrived and the stream has ended.
func (p *peer) expectEnd() {
	p.t.Helper()
	p.expect(eof)
	p.expectClosed()
}

// expectClosed fails the test unless the connection has closed its sending stream.
func (p *peer) expectClosed() {
	p.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	checkErr(p.t, "end of the connection's octets", p.ended, io.EOF)
}

// request submits r, and fails the test if c refuses it.
func request(t *testing.T, c *reference.PacketConnection, r reference.Request) *reference.Call {
	t.Helper()
	call, err := c.Request(ctx, r)
	if err != nil {
		t.Fatalf("Request: %v", err)
	}
	return call
}

// wait calls call.Wait with patience.
func wait(call *reference.Call) (reference.Response, error) {
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return call.Wait(soon)
}

// checkAnswer waits for call's response and compares it with want, as show writes it.
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

// background runs f in a goroutine. returned waits until every goroutine in the bubble
// is blocked, and reports whether f has returned.
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

// A gate blocks handlers until the test opens it for some of them.
type gate struct {
	mu      sync.Mutex
	held    int
	release chan struct{}
}

func newGate() *gate { return &gate{release: make(chan struct{})} }

// handler waits at the gate, even if its context ends, and then echoes.
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

// running waits until every goroutine in the bubble is blocked, and returns the number
// of handlers at the gate.
func (g *gate) running() int {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}

// open lets n handlers pass, and waits until each has come to the gate.
func (g *gate) open(n int) {
	for range n {
		g.release <- struct{}{}
	}
}
