package adapter_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// patience bounds how long a test waits for something that should happen at once. A
// passing test never takes so long.
const patience = 30 * time.Second

func patiently(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func itoa(n int) string { return strconv.Itoa(n) }

func ptr[T any](v T) *T { return &v }

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, expected %v", what, got, want)
	}
}

// checkText reports an error unless text contains each of the words.
func checkText(t testing.TB, what, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s: got %q, expected it to contain %q", what, text, w)
		}
	}
}

// checkKind reports an error unless err is an error reply of this kind, or nil for kind "".
func checkKind(t testing.TB, what string, err error, want adapter.Kind) {
	t.Helper()
	var e *adapter.Error
	if err != nil && !errors.As(err, &e) {
		t.Errorf("%s: got the error %v, expected one of the kind %q", what, err, want)
		return
	}
	if got := adapter.KindOf(err); got != want {
		t.Errorf("%s: got the kind %q (%v), expected %q", what, got, err, want)
	}
}

// start starts a subject and stops it at the end of the test. It fails the test if either
// fails.
func start(t testing.TB, s adapter.Starter) *adapter.Session {
	t.Helper()
	session, err := s.Start(patiently(t))
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := session.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return session
}

// do runs a command and fails the test unless it succeeds.
func do(t testing.TB, s *adapter.Session, m adapter.Message) adapter.Reply {
	t.Helper()
	r, err := s.Do(patiently(t), m)
	if err != nil {
		t.Fatalf("%s: got the error %v, expected a result", m.Op, err)
	}
	return r
}

// fails runs a command and reports an error unless it fails with this kind.
func fails(t testing.TB, s *adapter.Session, m adapter.Message, kind adapter.Kind) {
	t.Helper()
	_, err := s.Do(patiently(t), m)
	checkKind(t, m.Op, err, kind)
}

// await waits for the reply to a command that was sent before.
func await(t testing.TB, p *adapter.Pending) (adapter.Reply, error) {
	t.Helper()
	r, err := p.Wait(patiently(t))
	if errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%s: no reply within %v", p.Command.Op, patience)
	}
	return r, err
}

// connect opens the connection "c" of the session, with the standard handler, and
// returns the peer at its other end.
func connect(t testing.TB, s *adapter.Session) *peer.Peer {
	t.Helper()
	return connectAs(t, s, adapter.Message{Conn: "c", Handler: ptr(true), Grace: ptr(0.0)})
}

func connectAs(t testing.TB, s *adapter.Session, m adapter.Message) *peer.Peer {
	t.Helper()
	pipes := newPipes(t)
	m.Op, m.Recv, m.Send = adapter.OpOpen, pipes.ToSubject, pipes.FromSubject
	do(t, s, m)
	p, err := pipes.Connect()
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(p.Close)
	return p
}

func newPipes(t testing.TB) *peer.Pipes {
	t.Helper()
	pipes, err := peer.NewPipes(t.TempDir(), "c")
	if err != nil {
		t.Fatalf("pipes: %v", err)
	}
	t.Cleanup(pipes.Discard)
	return pipes
}

// send writes packets to the subject.
func send(t testing.TB, p *peer.Peer, packets ...peer.Packet) {
	t.Helper()
	for _, packet := range packets {
		if err := p.Send(patiently(t), packet.Encode()); err != nil {
			t.Fatalf("send %s: %v", packet, err)
		}
	}
}

// next receives the subject's next packet and compares its text form.
func next(t testing.TB, p *peer.Peer, want string) {
	t.Helper()
	r, err := p.Next(patiently(t))
	if err != nil {
		t.Fatalf("the subject's next packet: got the error %v, expected %s", err, want)
	}
	check(t, "the subject's next packet", r.String(), want)
}
