package mutant

// Shutdown implements [adapter.Connection].
func (c *connection) Shutdown(block bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shutdowns++
	again := c.draining
	c.drain()
	c.changed.Broadcast()
	switch {
	case again && c.has("second-shutdown-is-an-error"):
		return errClosed
	case again && c.has("second-shutdown-hangs"):
		c.awaitLocked(never)
	case len(c.pending) > 0 && c.has("shutdown-cancels-pending"):
		c.cancel(c.pending)
	}
	if len(c.working) > 4 && c.has("shutdown-drops-fifth") {
		c.working = c.working[:4]
	}
	first := c.shutdowns == 1
	if block || c.has("shutdown-always-blocks") {
		c.awaitLocked(c.blockingUntil(first))
	} else {
		c.awaitLocked(c.returningAfter())
	}
	if c.has("broken-pipe-is-an-error") || c.has("shutdown-writes-eof") {
		return c.sendErr
	}
	return nil
}

func never() bool  { return false }
func always() bool { return true }

// blockingUntil is when a blocking shutdown returns: everything is answered, at the
// peer and here, and EOF has been sent.
func (c *connection) blockingUntil(first bool) func() bool {
	answered := func() bool { return len(c.working) == 0 }
	working, pending := len(c.working), len(c.pending)
	switch {
	case working > 1 && c.has("block-until-one-answer"):
		return func() bool { return len(c.working) < working }
	case pending > 1 && c.has("block-until-one-response"):
		return func() bool { return c.finished && len(c.pending) < pending }
	case c.has("block-returns-at-once"):
		return always
	case c.has("block-for-ever"), c.has("block-wakes-one") && !first && !c.finished:
		return never
	case c.has("block-before-answers"):
		return func() bool { return len(c.pending) == 0 }
	case c.has("block-before-eof"):
		return func() bool { return answered() && len(c.pending) == 0 }
	case c.has("block-until-end-of-peer"):
		return func() bool { return c.finished && c.ended != "" }
	case c.has("block-ignores-pending"):
		return func() bool { return c.finished }
	case c.has("block-overlooks-cancellation"):
		return func() bool { return c.finished && len(c.pending)+c.cancelled == 0 }
	}
	return func() bool { return c.finished && len(c.pending) == 0 }
}

// returningAfter is what a shutdown that does not block waits for: nothing.
func (c *connection) returningAfter() func() bool {
	switch {
	case c.has("shutdown-waits-for-pending"):
		return func() bool { return len(c.pending) == 0 }
	case c.has("shutdown-waits-for-handlers"):
		return func() bool { return len(c.working) == 0 }
	case c.has("shutdown-waits-for-eof"), len(c.working) == 0 && c.has("shutdown-writes-eof"):
		return func() bool { return c.finished }
	}
	return always
}

// Join implements [adapter.Connection]: it returns when the peer's stream has ended,
// and tells how.
func (c *connection) Join() (ended string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joins++
	c.awaitLocked(c.joinedAt(c.joins))
	if c.has("join-tells-once") && c.told {
		return "", nil
	}
	c.told = true
	return c.toldAs(), nil
}

// joinedAt is when a call of Join returns.
func (c *connection) joinedAt(call int) func() bool {
	before := c.answers
	late := c.ended != ""
	switch {
	case c.has("join-at-once"):
		return always
	case c.has("join-for-ever"), c.has("join-wakes-one") && call > 1, c.has("join-misses-past-end") && late:
		return never
	case c.has("join-at-shutdown"):
		return func() bool { return c.draining }
	case c.has("join-at-local-end"):
		return func() bool { return c.finished }
	case c.has("join-needs-shutdown"):
		return func() bool { return c.ended != "" && c.shutdowns > 0 }
	case c.has("join-at-next-answer"):
		return func() bool { return c.ended != "" || c.answers > before }
	}
	return func() bool { return c.ended != "" }
}
