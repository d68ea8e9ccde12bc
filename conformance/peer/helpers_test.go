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

// patience bounds the wait for an event that should happen at once. No passing test
// takes so long.
const patience = 30 * time.Second

// patiently returns a context that ends after patience or with the test.
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

// octets decodes hex, ignoring spaces.
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
		t.Fatalf("%q is not an integer", text)
	}
	return v
}

// A subject is the other end of a peer's pipes, which the test reads and writes.
type subject struct {
	t    testing.TB
	recv *os.File
	send *os.File
}

// connect returns a peer and its subject, connected by two named pipes.
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

// writes makes the subject write octets in one write.
func (s *subject) writes(text string) {
	s.t.Helper()
	if _, err := s.send.Write(octets(s.t, text)); err != nil {
		s.t.Fatal(err)
	}
}

// reads makes the subject read as many octets as text has, and compares them.
func (s *subject) reads(text string) {
	s.t.Helper()
	want := octets(s.t, text)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(s.recv, got); err != nil {
		s.t.Fatalf("the subject reads: %v, expected % x", err, want)
	}
	check(s.t, "the subject reads", hex.EncodeToString(got), hex.EncodeToString(want))
}

// next returns the next packet of the subject, and compares its String with want.
func next(t testing.TB, p *peer.Peer, want string) peer.Received {
	t.Helper()
	r, err := p.Next(patiently(t))
	if err != nil {
		t.Fatalf("the next packet: got the error %v, expected %s", err, want)
	}
	check(t, "the next packet", r.String(), want)
	return r
}

// lines returns the lines of the peer's wire as one text.
func lines(p *peer.Peer) string { return strings.Join(p.Wire.Lines(), "\n") }
