package mutant

import "math/big"

// nextTag is the tag of the next request. c.mu is held.
func (c *connection) nextTag(channel *big.Int) *big.Int {
	before := c.lastTag
	c.lastTag = new(big.Int).Add(before, one)
	ofChannel := c.tagForChannel(channel)
	ofAll := big.NewInt(c.sharedTag.Add(1))
	switch {
	case ofChannel.Cmp(c.lastTag) != 0 && c.has("tag-for-each-channel"):
		return ofChannel
	case c.has("tag-from-0"):
		return before
	case before.Sign() > 0 && c.has("tag-odd"):
		return new(big.Int).Sub(new(big.Int).Lsh(c.lastTag, 1), one)
	case ofAll.Cmp(c.lastTag) != 0 && c.has("tag-for-all-connections"):
		return ofAll
	case big.NewInt(c.inFlight()).Cmp(before) != 0 && c.has("tag-lowest-free"):
		return c.lowestFreeTag()
	case before.Sign() > 0 && c.has("tag-constant"):
		return one
	case c.lastTag.BitLen() > 7 && c.has("tag-in-one-octet"):
		return low(c.lastTag, 7)
	case c.lastTag.BitLen() > 5 && c.has("tag-from-32-values"):
		return low(c.lastTag, 5)
	}
	return c.lastTag
}

// tagForChannel counts for each channel on its own.
func (c *connection) tagForChannel(channel *big.Int) *big.Int {
	at := channel.String()
	c.channelTags[at]++
	return big.NewInt(c.channelTags[at])
}

// inFlight counts the local requests on channel 0 that are pending. c.mu is held.
func (c *connection) inFlight() (n int64) {
	for _, k := range c.pending {
		if k.address.channel == "0" {
			n++
		}
	}
	return n
}

func (c *connection) lowestFreeTag() *big.Int {
	tag := one
	for c.pendingAt(address{"0", tag.String()}) != nil {
		tag = new(big.Int).Add(tag, one)
	}
	return tag
}
