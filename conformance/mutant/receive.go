package mutant

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// receive takes what the peer sends until its stream ends, and throws away what
// comes then.
func (c *connection) receive() {
	in := bufio.NewReaderSize(c.recv, 64<<10)
	how := c.takePackets(in)
	if how == byMalformedPacket && c.has("malformed-crashes") {
		panic("malformed packet")
	}
	if !c.overlooks(how) {
		c.change(func() { c.end(how) })
	}
	_, _ = io.Copy(io.Discard, in)
}

// takePackets tells how the peer's stream ended.
func (c *connection) takePackets(in *bufio.Reader) ending {
	for {
		p, octets, err := c.readPacket(in)
		if errors.Is(err, errMalformed) && c.has("malformed-skipped") {
			continue
		}
		if err != nil {
			return endingBy(err)
		}
		c.tickAt("tick-receiver-silent", "<")
		if c.isERQ(p, octets) {
			if how, ends := c.takeERQ(); ends {
				return how
			}
			continue
		}
		if how, ends := c.ends(p, octets); ends {
			return c.afterEOF(in, how)
		}
		c.take(p)
		switch {
		case in.Buffered() > 0 && c.has("one-packet-a-read"):
			_, _ = in.Discard(in.Buffered())
		default:
			c.await(func() bool {
				return len(c.working) == 0 && len(c.queue) == 0 && !c.writing || !c.has("receiver-waits-for-sender")
			})
		}
	}
}

// take takes a packet that does not end the stream.
func (c *connection) take(p packet) {
	c.change(func() {
		if p.isRequest {
			c.latestRequest = p.payload
			c.takeRequest(p)
			return
		}
		c.latestResponse = p.payload
		c.keep("responses-remembered", p.payload)
		c.takeResponse(p)
	})
}

// overwritten is a payload into whose place another was read since.
func overwritten(payload, latest []byte) []byte {
	n := min(len(payload), len(latest))
	return append(append([]byte(nil), latest[:n]...), payload[n:]...)
}

// isOverwritten reports whether that makes another payload of it.
func isOverwritten(payload, latest []byte) bool {
	n := min(len(payload), len(latest))
	return !bytes.Equal(payload[:n], latest[:n])
}

// afterEOF is for faults that do not stop reading there.
func (c *connection) afterEOF(in *bufio.Reader, how ending) ending {
	switch {
	case in.Buffered() > 0 && c.has("packets-after-eof-taken"):
		for in.Buffered() > 0 {
			p, _, err := c.readPacket(in)
			if err != nil {
				return endingBy(err)
			}
			c.take(p)
		}
	case c.has("responses-after-eof-taken"):
		c.change(func() { c.draining = true })
		for {
			p, _, err := c.readPacket(in)
			if err != nil {
				break
			}
			if !p.isRequest {
				c.take(p)
			}
		}
	case in.Buffered() > 0 && c.has("malformed-after-eof-told"):
		if _, _, err := c.readPacket(in); err != nil {
			return endingBy(err)
		}
	case c.has("eof-waits-for-end-of-octets"):
		_, _ = io.Copy(io.Discard, in)
	}
	return how
}
