package mutant

// In the later dialect a peer sends ERQ when it will send no more requests, and EOF later.

// erq is the packet 03 01 02 00.
var erq = packet{isRequest: true, channel: zero, tag: one, flags: zero, rqType: zero}

// isERQ reports whether p is ERQ; octets is the length of its encoding.
func (c *connection) isERQ(p packet, octets int) bool {
	if !c.later || !p.isRequest || p.rqType.Sign() != 0 {
		return c.later && c.has("erq-any-request-with-tag-1") && p.isRequest && p.tag.Cmp(one) == 0
	}
	switch {
	case p.tag.Cmp(one) != 0 && !c.has("erq-with-any-tag"),
		p.tag.Sign() == 0,
		p.channel.Sign() != 0 && !c.has("erq-on-any-channel"),
		p.flags.Sign() != 0 && !c.has("erq-with-flags-taken"),
		len(p.payload) > 0 && !c.has("erq-with-payload-taken"):
		return false
	}
	return octets == shortestEOF || !c.has("erq-by-octets")
}

// receiveERQ processes the peer's ERQ. Only a fault makes it end the stream.
func (c *connection) receiveERQ() (how ending, ends bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	again := c.peerSentERQ
	c.peerSentERQ = true
	switch {
	case c.has("peer-erq-ends-stream"), c.has("second-peer-erq-ends-stream") && again,
		c.has("peer-erq-after-eof-ends-badly") && c.finished:
		return byMalformedEOF, true
	case c.has("peer-erq-shuts-down"):
		c.drain()
	case c.has("peer-erq-cancels-pending"):
		c.cancel(c.pending)
	case c.has("peer-erq-drops-accepted"):
		c.accepted = nil
	case c.has("peer-erq-refuses-local-requests"):
		c.refusesLocal = true
	}
	return 0, false
}

// refuseAfterERQ refuses a request if it follows the peer's ERQ, and reports whether it
// did. The caller holds c.mu.
func (c *connection) refuseAfterERQ(p packet) bool {
	switch {
	case !c.later || !c.peerSentERQ, c.has("request-after-peer-erq-handled"):
		return false
	case c.has("request-after-peer-erq-dropped"):
	case c.has("request-after-peer-erq-ends-stream"):
		c.end(byMalformedEOF)
	default:
		c.refuse(p, "no request is accepted after ERQ")
	}
	return true
}

// isTooLate reports whether a request arrives too late to be answered: after a shutdown
// or, in the later dialect, after the local EOF. The caller holds c.mu.
func (c *connection) isTooLate() bool {
	switch {
	case !c.later, c.has("request-after-erq-dropped") && c.sentERQ:
		return c.draining
	}
	return c.finished
}

// erqIsNext reports whether ERQ is the next packet to send: no local request is pending,
// and none will follow. The caller holds c.mu.
func (c *connection) erqIsNext() bool {
	return c.later && c.draining && !c.sentERQ && c.localRequestsAreDone() && !c.has("erq-missing")
}

// localRequestsAreDone reports whether ERQ and EOF need not wait for local requests. The
// caller holds c.mu.
func (c *connection) localRequestsAreDone() bool {
	return !c.later || len(c.pending) == 0 || c.has("erq-before-answers-of-peer")
}

// beginERQ notes that ERQ is sent, and returns it. The caller holds c.mu.
func (c *connection) beginERQ() packet {
	c.sentERQ = true
	switch {
	case c.has("erq-twice"):
		c.queue = append(c.queue, erq)
	case c.has("erq-drops-answers"):
		c.accepted = nil
	}
	return erq
}

// laterFaults lists the faults of the later dialect.
var laterFaults = []Fault{
	{Name: "erq-missing", Requirement: "ERQ-1", Text: "never sends ERQ"},
	{Name: "erq-twice", Requirement: "ERQ-1", Text: "sends ERQ twice"},
	{Name: "erq-drops-answers", Requirement: "ERQ-2", Text: "drops accepted requests when it sends ERQ"},
	{Name: "request-after-erq-dropped", Requirement: "ERQ-3", Symptom: Hangs, Text: "drops requests that arrive after it has sent ERQ"},
	{Name: "peer-erq-ends-stream", Requirement: "ERQ-4", Text: "ends the stream at the peer's ERQ, as at a malformed EOF packet"},
	{Name: "peer-erq-shuts-down", Requirement: "ERQ-4", Text: "answers the peer's ERQ with ERQ and EOF"},
	{Name: "peer-erq-cancels-pending", Requirement: "ERQ-4", Text: "cancels pending requests at the peer's ERQ"},
	{Name: "peer-erq-refuses-local-requests", Requirement: "ERQ-4", Text: "refuses local requests after the peer's ERQ"},
	{Name: "erq-by-octets", Requirement: "ERQ-4", Text: "reads ERQ as a malformed EOF packet unless it has its shortest encoding"},
	{Name: "peer-erq-drops-accepted", Requirement: "ERQ-5", Symptom: Hangs, Text: "drops accepted requests at the peer's ERQ"},
	{Name: "request-after-peer-erq-handled", Requirement: "ERQ-6", Text: "handles a request after the peer's ERQ"},
	{Name: "request-after-peer-erq-dropped", Requirement: "ERQ-6", Symptom: Hangs, Text: "drops a request after the peer's ERQ"},
	{Name: "request-after-peer-erq-ends-stream", Requirement: "ERQ-6", Text: "ends the stream at a request after the peer's ERQ"},
	{Name: "second-peer-erq-ends-stream", Requirement: "ERQ-7", Text: "ends the stream at a second ERQ"},
	{Name: "erq-with-flags-taken", Requirement: "ERQ-8", Symptom: Hangs, Text: "accepts ERQ with flags"},
	{Name: "erq-with-payload-taken", Requirement: "ERQ-8", Symptom: Hangs, Text: "accepts ERQ with a payload"},
	{Name: "erq-with-any-tag", Requirement: "ERQ-8", Symptom: Hangs, Text: "accepts ERQ with another tag"},
	{Name: "erq-on-any-channel", Requirement: "ERQ-9", Symptom: Hangs, Text: "accepts ERQ on another channel"},
	{Name: "later-tags-from-1", Requirement: "ERQ-10", Text: "counts tags from 1"},
	{Name: "erq-any-request-with-tag-1", Requirement: "ERQ-11", Symptom: Hangs, Text: "reads any request with tag 1 as ERQ"},
	{Name: "later-tag-0-refused", Requirement: "ERQ-11", Text: "refuses a request with tag 0, since tags count from 2"},
	{Name: "peer-erq-after-eof-ends-badly", Requirement: "ERQ-12", Symptom: Hangs, Text: "reports the end as malformed if the peer's ERQ arrives after the local EOF"},
	{Name: "erq-before-answers-of-peer", Requirement: "ERQ-13", Text: "sends ERQ and EOF without waiting for pending requests"},
}
