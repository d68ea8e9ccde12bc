package inprocess

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/reference"
)

// An end is how a stream of packets ends, for who reads them.
type end string

const (
	between   end = "between two packets"
	inside    end = "inside a packet"
	broken    end = "by a malformed packet"
	outOfUint end = "by an integer out of range"
	tooLarge  end = "by a packet above the limit"
)

// A stream is what the oracle makes of a stream of octets.
type stream struct {
	packets []reference.Packet
	starts  []int // the offset of each, and then of what ended the stream
	ends    []end // any of them is right: INT-5 leaves two
}

// oracleStream reads packets, with bodies of at most limit octets, until something is
// none. A prefix that is out of range may be told before it ends.
func oracleStream(b []byte, limit int) stream {
	s := stream{starts: []int{0}}
	for at := 0; ; {
		r := oracleRead(b[at:])
		if s.ends = endsAt(r, len(b)-at, limit); s.ends != nil {
			return s
		}
		at += r.consumed
		s.packets = append(s.packets, r.packet.reference())
		s.starts = append(s.starts, at)
	}
}

// endsAt is how a stream may end at r, which was read from so many octets; nil if it
// goes on.
func endsAt(r reading, octets, limit int) []end {
	switch {
	case octets == 0:
		return []end{between}
	case r.length.over(maxUint64):
		return []end{outOfUint}
	case r.length.over(uint64(limit)):
		return []end{tooLarge, inside} // inside, if the length is not all there
	case r.verdict == incomplete:
		return []end{inside}
	case r.verdict == malformed && r.beyond:
		return []end{broken, outOfUint}
	case r.verdict == malformed:
		return []end{broken}
	case r.beyond:
		return []end{outOfUint}
	}
	return nil
}

// endOf is the end that an error of the reference's reader tells.
func endOf(err error) end {
	switch {
	case errors.Is(err, io.EOF):
		return between
	case errors.Is(err, reference.ErrCut):
		return inside
	case errors.As(err, new(*reference.MalformedError)):
		return broken
	case errors.Is(err, reference.ErrRange):
		return outOfUint
	case errors.Is(err, reference.ErrTooLarge):
		return tooLarge
	}
	return end("by another error: " + err.Error())
}

func (s stream) endsBy(e end) bool { return slices.Contains(s.ends, e) }

func (s stream) endings() string {
	var all []string
	for _, e := range s.ends {
		all = append(all, string(e))
	}
	return strings.Join(all, " or ")
}
