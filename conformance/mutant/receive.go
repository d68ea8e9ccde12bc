package mutant

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
)

// receive processes the peer's packets until its stream ends, and discards what follows.
func (c *connection) receive() {
	in := bufio.NewReaderSize(c.recv, 64<<10)
	how := c.receivePackets(in)
	if how == byMalformedPacket && c.has("malformed-crashes") {
		panic("malformed packet")
	}
	if !c.ignoresEnd(how) {
		c.change(func() { c.end(how) })
	}
	_, _ = io.Copy(io.Discard, in)
}

// receivePackets processes packets and returns how the peer's stream ended.
func (c *connection) receivePackets(in *bufio.Reader) ending {
	for {
		p, octets, err := c.readPacket(in)
		if errors.Is(err, errMalformed) && c.has("malformed-skipped") {
			continue
		}
		if err != nil {
			return endingFor(err)
		}
		c.tickUnless("tick-receiver-silent", "<")
		if c.isERQ(p, octets) {
			if how, ends := c.receiveERQ(); ends {
				return how
			}
			continue
		}
		if how, ends := c.endsStream(p, octets); ends {
			return c.afterEOF(in, how)
		}
		c.receivePacket(p)
		if in.Buffered() > 0 && c.has("one-packet-a-read") {
			_, _ = in.Discard(in.Buffered())
		}
		c.await(func() bool {
			return len(c.accepted) == 0 && len(c.queue) == 0 && !c.writing || !c.has("receiver-waits-for-sender")
		})
	}
}

// receivePacket processes a packet that does not end the stream.
func (c *connection) receivePacket(p packet) {
	c.change(func() {
		if p.isRequest {
			c.lastRequestPayload = p.payload
			c.receiveRequest(p)
			return
		}
		c.lastResponsePayload = p.payload
		c.leak("responses-remembered", p.payload)
		c.receiveResponse(p)
	})
}

// overwritten returns a payload after a later one was read into the same buffer, and
// whether that changes it.
func overwritten(payload, later []byte) (changed []byte, differs bool) {
	n := min(len(payload), len(later))
	changed = slices.Concat(later[:n], payload[n:])
	return changed, !bytes.Equal(changed, payload)
}

// afterEOF processes packets after the end, as some faults do, and returns how the stream
// ended then.
func (c *connection) afterEOF(in *bufio.Reader, how ending) ending {
	switch {
	case in.Buffered() > 0 && c.has("packets-after-eof-taken"):
		for in.Buffered() > 0 {
			p, _, err := c.readPacket(in)
			if err != nil {
				return endingFor(err)
			}
			c.receivePacket(p)
		}
	case c.has("responses-after-eof-taken"):
		c.change(func() { c.draining = true })
		for {
			p, _, err := c.readPacket(in)
			if err != nil {
				break
			}
			if !p.isRequest {
				c.receivePacket(p)
			}
		}
	case in.Buffered() > 0 && c.has("malformed-after-eof-told"):
		if _, _, err := c.readPacket(in); err != nil {
			return endingFor(err)
		}
	case c.has("eof-waits-for-end-of-octets"):
		_, _ = io.Copy(io.Discard, in)
	}
	return how
}
