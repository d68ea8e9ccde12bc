package peer_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/peer"
)

// A paused peer lets the pipe fill up, so that the subject's write blocks; Resume drains
// it.
func TestPause(t *testing.T) {
	p, s := connect(t)
	s.writes("02 01 04")
	next(t, p, "response: tag 1, ok") // the peer reads
	p.Pause()
	p.Pause() // changes nothing

	much := peer.Packet{Payload: make([]byte, 1<<20)}.Encode()
	if err := s.send.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, err := s.send.Write(much)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the subject writes %d of %d octets, %v: expected a full pipe", n, len(much), err)
	}
	const oneRead = 64 << 10 // that may have been under way
	if got, _ := p.Unread(); len(got) > oneRead {
		t.Errorf("the paused peer has read %d octets, expected at most %d", len(got), oneRead)
	}

	if err := s.send.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	p.Resume()
	p.Resume()
	if _, err := s.send.Write(much[n:]); err != nil {
		t.Fatal(err)
	}
	s.close()
	rest, err := p.AwaitEnd(patiently(t))
	if err != nil || len(rest) != len(much) {
		t.Errorf("got %d octets, %v, expected all %d", len(rest), err, len(much))
	}
	wire := p.Wire.Lines()
	check(t, "wire", strings.Join(wire[:3], "\n"), "subject  02 01 04  response: tag 1, ok\n"+
		"peer     stopped reading\npeer     went on reading")
	check(t, "the wire's last line", wire[len(wire)-1], "subject  closed its sending pipe")
}

// Repeated pauses lose no packet.
func TestPauseRepeatedly(t *testing.T) {
	p, s := connect(t)
	for range 50 {
		p.Pause()
		s.writes("02 01 04")
		p.Resume()
		next(t, p, "response: tag 1, ok")
	}
}

func TestSendWhilePaused(t *testing.T) {
	p, s := connect(t)
	p.Pause()
	if err := p.Send(patiently(t), octets(t, "03 00 02 00")); err != nil {
		t.Fatal(err)
	}
	s.reads("03 00 02 00")
}

// Close ends the reading goroutine of a paused peer, and records no end of the subject's
// stream.
func TestCloseWhilePaused(t *testing.T) {
	p, _ := connect(t)
	p.Pause()
	p.Close()
	check(t, "wire", lines(p), "peer     stopped reading")
}

func TestEndSending(t *testing.T) {
	p, s := connect(t)
	if err := p.Send(patiently(t), octets(t, "05 01")); err != nil {
		t.Fatal(err)
	}
	p.EndSending()
	s.reads("05 01")
	if n, err := s.recv.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("the subject reads %d octets, %v, expected the end", n, err)
	}
	s.writes("02 01 04") // the other direction goes on
	next(t, p, "response: tag 1, ok")
	if err := p.Send(patiently(t), octets(t, "ff")); err != nil {
		t.Errorf("a send after the end: got the error %v, expected a note", err)
	}
	check(t, "wire", lines(p), "peer     closed its sending pipe\n"+
		"subject  02 01 04  response: tag 1, ok\n"+
		"peer     could write only 0 of these octets: nobody reads the pipe\n"+
		"peer     05 01 ff  (no whole packet)")
}

func TestEndReading(t *testing.T) {
	p, s := connect(t)
	p.EndReading()
	if _, err := s.send.Write([]byte{2}); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the subject writes: got %v, expected EPIPE", err)
	}
	if _, err := p.AwaitEnd(patiently(t)); err != nil {
		t.Errorf("AwaitEnd: got the error %v, expected none", err)
	}
	if err := p.Send(patiently(t), octets(t, "03 00 02 00")); err != nil { // the other direction goes on
		t.Fatal(err)
	}
	s.reads("03 00 02 00")
	check(t, "wire", lines(p), "peer     closed its receiving pipe\npeer     03 00 02 00  EOF")
}

func TestCloseTwice(t *testing.T) {
	p, _ := connect(t)
	p.Close()
	p.Close()
	if _, err := p.AwaitEnd(patiently(t)); err != nil {
		t.Errorf("AwaitEnd after Close: got the error %v, expected none", err)
	}
	check(t, "wire", lines(p), "")
}
