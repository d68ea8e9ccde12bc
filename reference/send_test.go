package reference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// stopReading makes the connection's next write fail, as a pipe whose reader is gone does.
func (p *peer) stopReading() { _ = p.in.CloseWithError(syscall.EPIPE) }

func TestSendFailureCancelsOnlyUnsentRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		sent := request(t, c, reference.Request{})
		p.expect("03 01 02 01")
		p.stopReading()
		checkCancelled(t, request(t, c, reference.Request{}))
		_, err := c.Request(ctx, reference.Request{})
		checkErr(t, "Request", err, reference.ErrClosed)

		returned := background(func() { checkErr(t, "Shutdown", c.Shutdown(true), syscall.EPIPE) })
		check(t, "Shutdown returned with a request pending", returned(), false)
		p.send("03 01 04 61")
		checkAnswer(t, sent, `ok=true flags=0x0 payload="a"`)
		check(t, "Shutdown returned", returned(), true)
		p.send(eof)
		checkErr(t, "Join", c.Join(ctx), nil)
	})
}

// A request that left because the buffer was full, not through a flush, stays pending.
func TestSendFailureAfterAFullBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connectUnread(t, nil, reference.WithGrace(time.Second))
		of3000 := reference.Request{Payload: make([]byte, 3000)}
		sent := request(t, c, of3000)
		unsent := request(t, c, of3000) // a part of it leaves with the first
		got := make([]byte, 3500)
		_, err := io.ReadFull(p.in, got)
		checkErr(t, "ReadFull", err, nil)
		_, err = p.in.Read(make([]byte, 1000)) // the rest of that write
		checkErr(t, "Read", err, nil)
		p.stopReading()
		checkCancelled(t, unsent)
		p.send("03 01 04 61")
		checkAnswer(t, sent, `ok=true flags=0x0 payload="a"`)
	})
}

func TestSendFailureOfEOF(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		p.stopReading()
		checkErr(t, "Shutdown", c.Shutdown(true), syscall.EPIPE)
		p.send(eof)
		checkErr(t, "Join", c.Join(ctx), nil)
	})
}

// When no response can be sent, running handlers may end, and waiting requests never
// start.
func TestSendFailureWithHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler, reference.WithHandlers(1))
		p.send("03 01 02 01" + "03 02 02 01")
		check(t, "handlers running", g.running(), 1)
		p.stopReading()
		checkCancelled(t, request(t, c, reference.Request{}))
		g.open(1)
		check(t, "handlers running", g.running(), 0)
		p.send(eof)
		checkErr(t, "Join", c.Join(ctx), nil)
	})
}

// large is a request of which eight fill the queue of 64 KiB.
var large = reference.Request{Payload: make([]byte, 8<<10)}

// fill submits requests until the sender is blocked by one, and eight more fill the queue.
func fill(t *testing.T, c *reference.PacketConnection) (octets []string) {
	for n := range 9 {
		returned := background(func() { request(t, c, large) })
		if !returned() {
			t.Fatalf("request %d waits for room, expected room for 9", n+1)
		}
		octets = append(octets, largeWithTag(n+1))
	}
	return octets
}

func largeWithTag(tag int) string {
	return fmt.Sprintf("c0 03 %02x 02 01", tag) + strings.Repeat("00", 8<<10)
}

func TestFullQueueBlocksRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connectUnread(t, nil)
		sent := fill(t, c)
		returned := background(func() { request(t, c, large) })
		check(t, "Request 10 returned", returned(), false)

		soon, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := c.Do(soon, large)
		checkErr(t, "Do", err, context.DeadlineExceeded)

		go p.receive()
		check(t, "Request 10 returned when there is room", returned(), true)
		p.expect(append(sent, largeWithTag(10))...) // tag 10: the Do that timed out used none
	})
}

func TestShutdownReleasesBlockedRequests(t *testing.T) {
	each(t, map[string]func(*reference.PacketConnection){
		"Shutdown": func(c *reference.PacketConnection) { _ = c.Shutdown(false) },
		"Close":    func(c *reference.PacketConnection) { _ = c.Close() },
	}, func(t *testing.T, end func(*reference.PacketConnection)) {
		c, _ := connectUnread(t, nil)
		fill(t, c)
		returned := background(func() {
			_, err := c.Request(ctx, reference.Request{})
			checkErr(t, "Request", err, reference.ErrClosed)
		})
		check(t, "Request returned", returned(), false)
		end(c)
		check(t, "Request returned", returned(), true)
	})
}

// While the peer does not read, its responses and requests are still received.
func TestBlockedSenderDoesNotStopTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connectUnread(t, g.handler)
		call := request(t, c, reference.Request{})
		synctest.Wait() // the sender is blocked
		p.send("03 01 04 61")
		checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
		p.send(rq1)
		check(t, "handlers running", g.running(), 1)
		for range 100 {
			p.send("04 07 03 05 01") // refused, 100 times
		}
		g.open(1)
		go p.receive()
		check(t, "refusals sent", bytes.Count(p.take(), octets(t, "07 01 05")), 100)
	})
}

func TestLargePayloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, echo)
		payload := strings.Repeat("00 ff", 100_000)
		p.send("8c 9a 43" + "01 02 01" + payload) // 200003 octets in the body
		p.expect("8c 9a 42"+"01 04", payload)
	})
}

func TestErrorNamesTheWriteThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		p.stopReading()
		err := c.Shutdown(true)
		if !errors.Is(err, syscall.EPIPE) || !strings.Contains(err.Error(), "EOF") {
			t.Errorf("Shutdown: got %v, expected that EOF could not be sent", err)
		}
	})
}
