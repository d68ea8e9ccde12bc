package inprocess

import (
	"math"
	"runtime/metrics"
)

// bounded runs f on so many octets and fails if more memory was allocated meanwhile than
// they can be worth: a length that is only declared must cost nothing. (BAD-4)
//
// What is measured is the whole process, a fuzzing engine included, which now and then
// allocates much for itself. So f is run again if it seems to have: it costs too much only
// if it does so each time.
func bounded(octets int, f func() error) error {
	const (
		slack   = 1 << 20 // for what others allocate meanwhile
		anOctet = 8 << 10 // what one may cost: a packet of three is read several ways, by the race detector twice
		runs    = 5
	)
	most, least := uint64(slack+anOctet*octets), uint64(math.MaxUint64)
	for range runs {
		before := allocated()
		if err := f(); err != nil {
			return err
		}
		if least = min(least, allocated()-before); least <= most {
			return nil
		}
	}
	return breaks("BAD-4", "reading %d octets", octets).
		expected("at most %d octets of memory to be allocated", most).got("%d", least)
}

// allocated is how much memory this process has allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
