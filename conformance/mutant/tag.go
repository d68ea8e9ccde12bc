package mutant

import "math/big"

// nextTag is the tag of the next request. c.mu is held.
func (c *connection) nextTag(channel *big.Int) *big.Int {
	if c.has("tag-for-each-channel") {
		return c.tagForChannel(channel)
	}
	c.lastTag = new(big.Int).Add(c.lastTag, one)
	switch {
	case c.has("tag-from-0"):
		return new(big.Int).Sub(c.lastTag, one)
	case c.has("tag-odd"):
		return new(big.Int).Sub(new(big.Int).Lsh(c.lastTag, 1), one)
	case c.has("tag-for-all-connections"):
		return big.NewInt(c.sharedTag.Add(1))
	case c.has("tag-lowest-free"):
		return c.lowestFreeTag()
	case c.has("tag-constant"):
		return one
	case c.has("tag-in-one-octet"):
		return low(c.lastTag, 7)
	case c.has("tag-from-32-values"):
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

func (c *connection) lowestFreeTag() *big.Int {
	tag := one
	for c.pendingAt(address{"0", tag.String()}) != nil {
		tag = new(big.Int).Add(tag, one)
	}
	return tag
}
