package reference_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/packetspec/packetspec/reference"
)

// rq1 is a request with tag 1, flags 0, the handler's type 0, and no payload.
const rq1 = "03 01 02 01"

func TestHandlerResults(t *testing.T) {
	type result struct {
		reply  reference.Reply
		octets string // response to tag 1; flags are (reply<<1|ok)<<2
	}
	each(t, map[string]result{
		"none":           {reference.Reply{}, "02 01 04"},
		"flags":          {reference.Reply{Flags: 0x55}, "03 01 85 2c"}, // packet flags ab
		"payload":        {reference.Reply{Payload: []byte("hi")}, "04 01 04 68 69"},
		"text":           {reference.Text("é"), "04 01 04 c3 a9"},
		"both":           {reference.Reply{Flags: 3, Payload: []byte("hi")}, "04 01 1c 68 69"},
		"largest flags":  {reference.Reply{Flags: 1<<60 - 1}, "0a 01 ff ff ff ff ff ff ff ff 7c"},
		"a long payload": {reference.Reply{Payload: make([]byte, 200)}, "81 4a 01 04" + strings.Repeat("00", 200)},
	}, func(t *testing.T, c result) {
		_, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) { return c.reply, nil })
		p.send(rq1)
		p.expect(c.octets)
	})
}

func TestHandlerReceivesTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got reference.Request
		_, p := connect(t, func(_ context.Context, r reference.Request) (reference.Reply, error) {
			got = r
			return reference.Reply{}, nil
		})
		p.send("08 81 00 1e 03 62 6f 6f") // tag 128, flags 7<<2|request, wire type 3, "boo" and
		p.send("00")                      // one octet more, later
		p.expect("03 81 00 04")
		check(t, "type", got.Type, 2)
		check(t, "flags", got.Flags, 7)
		check(t, "payload", string(got.Payload), "boo\x00")
	})
}

func TestHandlerFailures(t *testing.T) {
	type failing struct {
		handler func() (reference.Reply, error)
		text    string // of the failure response; "" allows any
	}
	each(t, map[string]failing{
		"error":                {func() (reference.Reply, error) { return reference.Reply{}, errors.New("boom") }, "boom"},
		"error without a text": {func() (reference.Reply, error) { return reference.Reply{}, errors.New("") }, ""},
		"error and a reply": {func() (reference.Reply, error) {
			return reference.Reply{Flags: 1, Payload: []byte("x")}, errors.New("boom")
		}, "boom"},
		"panic":           {func() (reference.Reply, error) { panic("a secret") }, "panic in the request handler"},
		"flags of 2^60":   {func() (reference.Reply, error) { return reference.Reply{Flags: 1 << 60}, nil }, ""},
		"flags of 2^64-1": {func() (reference.Reply, error) { return reference.Reply{Flags: 1<<64 - 1}, nil }, ""},
		"goroutine exits": {func() (reference.Reply, error) { runtime.Goexit(); return reference.Reply{}, nil }, ""},
		"a context error": {func() (reference.Reply, error) { return reference.Reply{}, context.Canceled }, "context canceled"},
	}, func(t *testing.T, c failing) {
		_, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) { return c.handler() })
		p.send(rq1)
		if text := p.expectFailure(1); c.text != "" {
			check(t, "text", text, c.text)
		}
		p.send(rq1) // the tag and the slot are free again
		p.expectFailure(1)
		p.send(eof)
		p.expectEnd()
	})
}

func TestFailureTextIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) {
			return reference.Reply{}, errors.New("a" + strings.Repeat("é", 10_000))
		})
		p.send(rq1)
		got, _, err := reference.Decode(p.take())
		checkErr(t, "Decode", err, nil)
		if len(got.Payload) > 256 || !utf8.Valid(got.Payload) {
			t.Errorf("text: got %q, expected UTF-8 of at most 256 octets", got.Payload)
		}
		checkErr(t, "Close", c.Close(), nil)
	})
}

func TestRefusals(t *testing.T) {
	type refusal struct {
		handler       reference.Handler
		request, head string // head is the response without its length and its text
	}
	each(t, map[string]refusal{
		"no handler":              {nil, rq1, "01 00"},
		"channel 5":               {none, "04 01 03 05 01", "01 01 05"},
		"channel 5, no handler":   {nil, "04 01 03 05 01", "01 01 05"},
		"EOF's twin on channel 5": {none, "04 00 03 05 00", "00 01 05"},
	}, func(t *testing.T, c refusal) {
		_, p := connect(t, c.handler)
		p.send(c.request)
		got, head := p.take(), octets(t, c.head)
		if len(got) < 1+len(head) || int(got[0]) != len(got)-1 || string(got[1:1+len(head)]) != string(head) {
			t.Errorf("octets sent: got [% x], expected [length % x text]", got, head)
		}
		p.send("03 00 02 00") // the connection goes on
		p.expectEnd()
	})
}

func TestDuplicateTagIsRefusedAndTheFirstAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		_, p := connect(t, g.handler)
		p.send("04 07 02 01 61") // tag 7, "a"
		p.send("04 07 02 01 62") // tag 7 again, "b"
		p.expectFailure(7)
		check(t, "handlers running", g.running(), 1)
		g.open(1)
		p.expect("03 07 04 61") // ok, "a"
	})
}

func TestDuplicateOfAWaitingRequestIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		_, p := connect(t, g.handler, reference.WithHandlers(1))
		p.send("03 01 02 01")
		p.send("04 07 02 01 61") // tag 7 waits for the one slot
		p.send("04 07 02 01 62")
		p.expectFailure(7)
		g.open(2)
		p.expect("02 01 04", "03 07 04 61")
	})
}

func TestTagMayBeUsedAgainAfterItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, echo)
		for _, letter := range []string{"61", "62", "63"} {
			p.send("04 07 02 01" + letter)
			p.expect("03 07 04" + letter)
		}
	})
}

func TestTagsOfTheTwoDirectionsAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, none)
		call := request(t, c, reference.Request{})
		p.expect("03 01 02 01") // local request: tag 1
		p.send("03 01 02 01")   // the peer's request: tag 1
		p.expect("02 01 04")
		p.send("02 01 04")
		checkAnswer(t, call, `ok=true flags=0x0 payload=""`)
	})
}

func TestHandlersAtOnce(t *testing.T) {
	type limit struct {
		opts []reference.Option
		want int
	}
	each(t, map[string]limit{
		"default": {nil, 4},
		"one":     {[]reference.Option{reference.WithHandlers(1)}, 1},
		"seven":   {[]reference.Option{reference.WithHandlers(7)}, 7},
		"below 1": {[]reference.Option{reference.WithHandlers(0)}, 1},
	}, func(t *testing.T, c limit) {
		g := newGate()
		_, p := connect(t, g.handler, c.opts...)
		for tag := range 10 {
			p.send(fmt.Sprintf("03 %02x 02 01", tag))
		}
		check(t, "handlers running", g.running(), c.want)
		g.open(1)
		check(t, "handlers running after one answer", g.running(), c.want)
		g.open(9)
		check(t, "handlers running at the end", g.running(), 0)
		check(t, "octets of ten answers", len(p.take()), 30)
	})
}

func TestAnswersDoNotWaitForSlowHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		_, p := connect(t, func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			if r.Type == 1 {
				<-hold
			}
			return echo(ctx, r)
		})
		p.send("04 01 02 02 61") // type 1: waits
		p.send("04 02 02 01 62") // type 0
		p.expect("03 02 04 62")
		close(hold)
		p.expect("03 01 04 61")
	})
}

func TestHandlerContextEnds(t *testing.T) {
	each(t, map[string]func(*reference.PacketConnection, *peer){
		"with Close": func(c *reference.PacketConnection, _ *peer) { _ = c.Close() },
		"when nothing can be sent": func(c *reference.PacketConnection, p *peer) {
			_ = p.in.Close()
			_, _ = c.Request(ctx, reference.Request{})
		},
	}, func(t *testing.T, end func(*reference.PacketConnection, *peer)) {
		ended := false
		c, p := connect(t, func(ctx context.Context, _ reference.Request) (reference.Reply, error) {
			<-ctx.Done()
			ended = true
			return reference.Reply{}, ctx.Err()
		})
		p.send(rq1)
		p.send("02 09 04") // a response to no request, to see that the receiver goes on
		p.expect()
		end(c, p)
		synctest.Wait()
		check(t, "context ended", ended, true)
	})
}

func TestHandlerContextOutlivesThePeersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		_, p := connect(t, func(ctx context.Context, _ reference.Request) (reference.Reply, error) {
			<-hold
			return reference.Reply{}, ctx.Err()
		})
		p.send(rq1 + eof)
		p.expect()
		close(hold)
		p.expect("02 01 04", eof)
	})
}
