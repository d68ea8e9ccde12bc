package inprocess

import (
	"context"
	"time"
)

// Decode takes data as octets off the wire: as a packet, and as an integer, which
// is what a packet begins with. Reading never panics, allocates no more than
// the octets are worth, and gives what the oracle reads; what was read is written in
// the shortest form, which is read as the same packet and written the same again.
func Decode(data []byte) error { return referenceCodec().decodeTarget(data, patience) }

func (c codec) decodeTarget(data []byte, limit time.Duration) error {
	data = cut(data)
	return guarded(limit, func(context.Context) error {
		return bounded(len(data), func() error {
			if err := c.integerReadAsByTheOracle(data); err != nil {
				return err
			}
			return c.readAsByTheOracle(data)
		})
	})
}
