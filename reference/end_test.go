package reference_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/reference"
)

func isMalformed(err error) bool {
	var malformed *reference.MalformedError
	return errors.As(err, &malformed)
}

// However the peer's stream ends, the connection does the same: it cancels pending calls,
// answers the accepted request and sends EOF. Join returns the reason.
func TestEndOfThePeersStream(t *testing.T) {
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	type end struct {
		octets string
		closed bool // the octets end here
		reason func(error) bool
	}
	each(t, map[string]end{
		"EOF":                        {eof, false, is(nil)},
		"EOF with an overlong tag":   {"04 80 00 02 00", false, is(nil)},
		"EOF with channel 0 written": {"04 00 03 00 00", false, is(nil)},
		"EOF and the end":            {eof, true, is(nil)},
		"no EOF":                     {"", true, is(reference.ErrCut)},
		"inside a length":            {"80", true, is(reference.ErrCut)},
		"before a body":              {"05", true, is(reference.ErrCut)},
		"inside a body":              {"05 01 04", true, is(reference.ErrCut)},
		"EOF with a tag (ERQ)":       {"03 01 02 00", false, isMalformed},
		"EOF with flags":             {"03 00 06 00", false, isMalformed},
		"EOF with a payload":         {"04 00 02 00 78", false, isMalformed},
		"empty body":                 {"00", false, isMalformed},
		"no flags":                   {"01 07", false, isMalformed},
		"no type":                    {"02 07 02", false, isMalformed},
		"length of 2^42":             {"81 80 80 80 80 80 00", false, is(reference.ErrTooLarge)},
		"length of 2^64":             {"82 80 80 80 80 80 80 80 80 00", false, is(reference.ErrRange)},
		"tag of 2^61":                {"0b" + beyond + "02 01", false, is(reference.ErrRange)},
	}, func(t *testing.T, e end) {
		g := newGate()
		c, p := connect(t, g.handler)
		call := request(t, c, reference.Request{})
		p.expect("03 01 02 01")
		p.send("04 07 02 01 61") // waits at the gate
		check(t, "handlers running", g.running(), 1)

		p.send(e.octets)
		if e.closed {
			_ = p.out.Close()
		}
		checkCancelled(t, call)
		_, err := c.Request(ctx, reference.Request{})
		checkErr(t, "Request", err, reference.ErrClosed)
		joined := background(func() {
			if err := c.Join(ctx); !e.reason(err) {
				t.Errorf("Join: got %v, expected another reason", err)
			}
		})
		check(t, "Join returned before the answer", joined(), false)
		p.expect()

		g.open(1)
		p.expect("03 07 04 61", eof)
		p.expectClosed()
		check(t, "Join returned after it", joined(), true)
		if _, err := p.out.Write([]byte{0}); err == nil {
			t.Error("the connection still reads, expected its receive stream closed")
		}
	})
}

func TestOctetsAfterEOFAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, none)
		call := request(t, c, reference.Request{})
		p.expect("03 01 02 01")
		p.send(eof + "02 01 04" + rq1 + "00 ff ff ff") // a response, a request, and malformed octets
		p.expectEnd()
		checkCancelled(t, call)
		checkErr(t, "Join", c.Join(ctx), nil)
	})
}

func TestMalformedErrorNamesTheOffset(t *testing.T) {
	each(t, map[string]string{
		"malformed EOF":  "03 01 02 00",
		"malformed body": "01 07",
	}, func(t *testing.T, octets string) {
		c, p := connect(t, none)
		p.send("02 09 04" + "04 80 09 00 78") // eight octets of two ignored responses
		p.send(octets)
		var malformed *reference.MalformedError
		if err := c.Join(ctx); !errors.As(err, &malformed) {
			t.Fatalf("Join: got %v, expected a *MalformedError", err)
		}
		check(t, "Offset", malformed.Offset, 8)
	})
}

// Packets that arrived whole before a cut are handled.
func TestCutAtEveryOctet(t *testing.T) {
	const response, request7 = "03 01 04 78", "04 07 02 01 71" // ok "x" to tag 1; tag 7, type 0, "q"
	whole := strings.ReplaceAll(response+request7+eof, " ", "")
	for cut := range len(whole)/2 + 1 {
		synctest.Test(t, func(t *testing.T) {
			c, p := connect(t, echo)
			call := request(t, c, reference.Request{})
			p.expect("03 01 02 01")
			p.send(whole[:2*cut])
			_ = p.out.Close()

			if cut < 4 {
				checkCancelled(t, call)
			} else {
				checkAnswer(t, call, `ok=true flags=0x0 payload="x"`)
			}
			if cut < 9 {
				p.expect(eof)
			} else {
				p.expect("03 07 04 71", eof)
			}
			p.expectClosed()
			reason := reference.ErrCut
			if 2*cut == len(whole) {
				reason = nil
			}
			checkErr(t, "Join", c.Join(ctx), reason)
		})
		if t.Failed() {
			t.Fatalf("cut at octet %d", cut)
		}
	}
}

func TestOctetByOctet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, echo)
		call := request(t, c, reference.Request{})
		p.expect("03 01 02 01")
		for _, octet := range octets(t, "03 01 04 78"+"04 07 02 01 71"+eof) {
			p.send(fmt.Sprintf("%02x", octet))
			synctest.Wait()
		}
		checkAnswer(t, call, `ok=true flags=0x0 payload="x"`)
		p.expect("03 07 04 71", eof)
		checkErr(t, "Join", c.Join(ctx), nil)
	})
}

func TestMaxPacket(t *testing.T) {
	type limit struct {
		octets, answer string
		reason         error
	}
	each(t, map[string]limit{
		"a body of the limit": {"05 01 02 01 61 62", "04 01 04 61 62", reference.ErrCut},
		"one octet more":      {"06 01 02 01 61 62 63", "", reference.ErrTooLarge},
	}, func(t *testing.T, l limit) {
		c, p := connect(t, echo, reference.WithMaxPacket(5))
		p.send(l.octets)
		_ = p.out.Close()
		p.expect(l.answer, eof)
		checkErr(t, "Join", c.Join(ctx), l.reason)
	})
}

func TestLargestTagIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, none)
		p.send("0b" + maxInteger + "02 01")
		p.expect("0a" + maxInteger + "04")
	})
}
