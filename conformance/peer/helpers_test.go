package peer_test

import (
	"context"
	"encoding/hex"
	"io"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/packetspec/packetspec/conformance/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once. It is never the
// time that a passing test takes.
const patience = 30 * time.Second

func patiently(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, expected %v", what, got, want)
	}
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

func integer(t testing.TB, text string) *big.Int {
	t.Helper()
	v, ok := new(big.Int).SetString(text, 10)
	if !ok {
		t.Fatalf("%q is no integer", text)
	}
	return v
}

// A subject is the other end of a peer's pipes, played by the test.
type subject struct {
	t    testing.TB
	recv *os.File
	send *os.File
}

// connect opens two named pipes as a subject and its peer do.
func connect(t testing.TB) (*peer.Peer, *subject) {
	t.Helper()
	pipes, err := peer.NewPipes(t.TempDir(), "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pipes.Discard)
	s := &subject{t: t}
	if s.recv, err = os.OpenFile(pipes.ToSubject, os.O_RDONLY, 0); err == nil {
		s.send, err = os.OpenFile(pipes.FromSubject, os.O_WRONLY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := pipes.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	t.Cleanup(s.close)
	return p, s
}

func (s *subject) close() {
	_ = s.recv.Close()
	_ = s.send.Close()
}

// writes has the subject write octets, in one write.
func (s *subject) writes(text string) {
	s.t.Helper()
	if _, err := s.send.Write(octets(s.t, text)); err != nil {
		s.t.Fatal(err)
	}
}

// reads expects the subject to get just these octets next.
func (s *subject) reads(text string) {
	s.t.Helper()
	want := octets(s.t, text)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(s.recv, got); err != nil {
		s.t.Fatalf("the subject reads: %v, expected % x", err, want)
	}
	check(s.t, "the subject reads", hex.EncodeToString(got), hex.EncodeToString(want))
}

// next takes the subject's next packet and compares it, in words.
func next(t testing.TB, p *peer.Peer, want string) peer.Received {
	t.Helper()
	r, err := p.Next(patiently(t))
	if err != nil {
		t.Fatalf("the next packet: got the error %v, expected %s", err, want)
	}
	check(t, "the next packet", r.String(), want)
	return r
}

// lines are the wire's, one a line.
func lines(p *peer.Peer) string { return strings.Join(p.Wire.Lines(), "\n") }
