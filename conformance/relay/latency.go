package relay

import (
	"math/bits"
	"time"
)

// A latencies counts how long answers took, in classes whose bounds differ by an eighth. Its zero value is empty.
type latencies struct {
	count   int64
	most    time.Duration
	classes [64 * 8]int64
}

// class returns the class of a duration in nanoseconds.
func class(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < 8 {
		return int(n)
	}
	shift := bits.Len64(n) - 4
	return (shift+1)*8 + int(n>>shift)&7
}

// upper returns the largest duration of a class.
func upper(class int) time.Duration {
	if class < 8 {
		return time.Duration(class)
	}
	shift := class/8 - 1
	return time.Duration(uint64(8+class%8+1)<<shift - 1)
}

func (l *latencies) add(d time.Duration) {
	l.count++
	l.most = max(l.most, d)
	l.classes[class(d)]++
}

// quantile returns the duration that a share of the answers did not exceed, by at most an eighth too long.
func (l *latencies) quantile(share float64) time.Duration {
	rest := int64(share * float64(l.count))
	for c, n := range l.classes {
		if rest -= n; rest < 0 {
			return min(upper(c), l.most)
		}
	}
	return l.most
}
