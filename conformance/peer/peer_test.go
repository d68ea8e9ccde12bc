package peer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/peer"
)

func TestSendAndNext(t *testing.T) {
	p, s := connect(t)
	began := time.Now()
	if err := p.Send(patiently(t), octets(t, "03 01 02 01 ff")); err != nil {
		t.Fatal(err)
	}
	s.reads("03 01 02 01 ff")
	s.writes("04 01 04 68 69")
	r := next(t, p, `response: tag 1, ok, payload "hi"`)
	check(t, "octets", peer.ShowHex(r.Octets), "04 01 04 68 69")
	if r.At.Before(began) || time.Now().Before(r.At) {
		t.Errorf("it came at %v, expected between %v and now", r.At, began)
	}
	check(t, "wire", lines(p), "peer     03 01 02 01  request: tag 1, wire type 1\n"+
		"subject  04 01 04 68 69  response: tag 1, ok, payload \"hi\"\n"+
		"peer     ff  (no whole packet)")
}

// TestReads distinguishes packets that came with one read from those that came with two.
func TestReads(t *testing.T) {
	p, s := connect(t)
	s.writes("02 01 04  02 02 04  02 03")
	one, two := next(t, p, "response: tag 1, ok"), next(t, p, "response: tag 2, ok")
	s.writes("04")
	three := next(t, p, "response: tag 3, ok")
	check(t, "the read of the second packet", two.Read, one.Read)
	check(t, "when the second packet came", two.At, one.At)
	check(t, "the read of the third packet, by its last octet", three.Read, two.Read+1)
	if !two.At.Before(three.At) {
		t.Errorf("the third packet came at %v, expected after %v", three.At, two.At)
	}
}

// Next accepts any encoding of a packet, and returns its octets unchanged.
func TestNextAcceptsAnyEncoding(t *testing.T) {
	p, s := connect(t)
	s.writes("80 05 80 01 05 00 78")
	r := next(t, p, `response: tag 1, ok, payload "x"`)
	check(t, "octets", peer.ShowHex(r.Octets), "80 05 80 01 05 00 78")
}

func TestNextOctetByOctet(t *testing.T) {
	p, s := connect(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, octet := range []string{"82", "00", "01", "04"} {
			s.writes(octet)
		}
		s.writes(strings.Repeat("61", 254))
	}()
	r := next(t, p, `response: tag 1, ok, payload "`+strings.Repeat("a", 48)+`" … "`+strings.Repeat("a", 16)+`" (254 octets)`)
	check(t, "length", len(r.Octets), 258)
	<-done
}

func TestNextAtTheEnd(t *testing.T) {
	for name, c := range map[string]struct{ written, rest, message string }{
		"nothing was written":  {"", "", "the subject's stream ended"},
		"between two packets":  {"02 01 04", "", "the subject's stream ended"},
		"inside a packet":      {"02 01 04 05 01", "05 01", "the subject's stream ended inside a packet, after 05 01"},
		"inside a long length": {"02 01 04 ff", "ff", "the subject's stream ended inside a packet, after ff"},
	} {
		t.Run(name, func(t *testing.T) {
			p, s := connect(t)
			if c.written != "" {
				s.writes(c.written)
			}
			s.close()
			if c.written != "" {
				next(t, p, "response: tag 1, ok")
			}
			for range 2 { // the second call returns the same error
				_, err := p.Next(patiently(t))
				var end *peer.EndError
				if !errors.As(err, &end) {
					t.Fatalf("got %v, expected an EndError", err)
				}
				check(t, "rest", peer.ShowHex(end.Rest), c.rest)
				check(t, "error", err.Error(), c.message)
			}
			rest, err := p.AwaitEnd(patiently(t))
			if err != nil {
				t.Errorf("AwaitEnd: got the error %v", err)
			}
			check(t, "unread at the end", peer.ShowHex(rest), c.rest)
		})
	}
}

func TestNextOfAMalformedPacket(t *testing.T) {
	p, s := connect(t)
	s.writes("02 01 02 02 01 04")
	for range 2 { // the packet stays unread
		_, err := p.Next(patiently(t))
		if err == nil || err.Error() != "the subject sent 02 01 02: malformed: a body of 2 octets is too short for its fields" {
			t.Errorf("got the error %v, expected one that shows the octets", err)
		}
	}
	got, ended := p.Unread()
	check(t, "unread", peer.ShowHex(got), "02 01 02 02 01 04")
	check(t, "ended", ended, false)
}

func TestWaitsEndWithTheirContext(t *testing.T) {
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	p, s := connect(t)
	s.writes("02 01")
	if _, err := p.Next(ctx); !errors.Is(err, cause) {
		t.Errorf("Next: got %v, expected the context's cause", err)
	}
	if _, err := p.AwaitEnd(ctx); !errors.Is(err, cause) {
		t.Errorf("AwaitEnd: got %v, expected the context's cause", err)
	}
	s.writes("04") // the octets before are still there
	next(t, p, "response: tag 1, ok")
}

// Send to a subject that does not read ends with its context, and the error says how many
// octets the pipe accepted.
func TestSendToASubjectThatDoesNotRead(t *testing.T) {
	p, _ := connect(t)
	late := errors.New("the time is over")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, late)
	defer cancel()
	err := p.Send(ctx, make([]byte, 4<<20))
	if !errors.Is(err, late) || !strings.Contains(err.Error(), "the pipe to the subject accepted only ") || !strings.Contains(err.Error(), " of 4194304 octets") {
		t.Errorf("got %v, expected the number of octets that the pipe accepted, and the context's cause", err)
	}
}

// Send to a subject that has closed its end records that, and returns no error.
func TestSendToAClosedPipe(t *testing.T) {
	p, s := connect(t)
	_ = s.recv.Close()
	for range 2 {
		if err := p.Send(patiently(t), octets(t, "03 00 02 00")); err != nil {
			t.Errorf("got the error %v, expected none", err)
		}
	}
	const note = "peer     could write only 0 of these octets: nobody reads the pipe"
	const eof = "peer     03 00 02 00  EOF"
	check(t, "wire", lines(p), strings.Join([]string{eof, note, eof, note}, "\n"))
	s.writes("02 01 04")
	next(t, p, "response: tag 1, ok")
}

func TestChanged(t *testing.T) {
	closed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	p, s := connect(t)
	changed := p.Changed()
	check(t, "changed before anything", closed(changed), false)
	s.writes("02 01 04")
	<-changed
	check(t, "changed while octets are unread", closed(p.Changed()), true)
	next(t, p, "response: tag 1, ok")
	changed = p.Changed()
	check(t, "changed once nothing is unread", closed(changed), false)
	s.close()
	<-changed
	check(t, "changed at the end", closed(p.Changed()), true)
	if _, ended := p.Unread(); !ended {
		t.Error("the stream has ended, expected Unread to report it")
	}
}

func TestManyPackets(t *testing.T) {
	p, s := connect(t)
	const n = 5000
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.writes(strings.Repeat("05 01 04 61 62 63", n))
		_ = s.send.Close()
	}()
	for range n {
		if r := next(t, p, `response: tag 1, ok, payload "abc"`); len(r.Octets) != 6 {
			t.Fatalf("got % x", r.Octets)
		}
	}
	<-done
	rest, err := p.AwaitEnd(patiently(t))
	if err != nil || len(rest) > 0 {
		t.Errorf("at the end: got % x, %v", rest, err)
	}
	check(t, "lines: one a packet, and one for the end", len(p.Wire.Lines()), n+1)
}

// SentByNow returns everything that was written before the call, without a wait.
func TestSentByNow(t *testing.T) {
	p, s := connect(t)
	for range 200 {
		s.writes("02 01 04")
		check(t, "what has been sent", peer.ShowHex(p.SentByNow()), "02 01 04")
		next(t, p, "response: tag 1, ok")
	}
	s.close()
	check(t, "what has been sent at the end", len(p.SentByNow()), 0)
}
