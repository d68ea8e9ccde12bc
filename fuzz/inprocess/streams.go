package inprocess

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"testing/iotest"
	"time"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// Streams reads data as a stream of packets that arrives in pieces of several sizes. It
// reports a [Violation] if the packets, the error that ends the stream or the offset of
// that error differ from those of [input.Read], or depend on the pieces.
func Streams(data []byte) error { return referenceCodec().runStreams(data, maxDuration) }

func (c codec) runStreams(data []byte, limit time.Duration) error {
	data = truncate(data)
	return guard(limit, func(context.Context) error {
		want := readStream(data, reference.DefaultMaxPacket)
		return limitMemory(memoryFor(len(data)), func() error {
			var first streamEnd
			for i, s := range segmentations(data) {
				end, err := c.checkStream(s, data, want, s.name)
				if err != nil {
					return err
				}
				if i == 0 {
					first = end
				}
				if end != first {
					return violates("DEC-5", "reading the stream % x %s", data, s.name).
						expected("it to end %s, as when read whole", first).got("its end %s", end)
				}
			}
			return nil
		})
	})
}

// A streamEnd says how a stream of packets ends for its reader.
type streamEnd string

const (
	betweenPackets streamEnd = "between two packets"
	insidePacket   streamEnd = "inside a packet"
	malformed      streamEnd = "by a malformed packet"
	integerTooBig  streamEnd = "by an integer out of range"
	packetTooBig   streamEnd = "by a packet above the limit"
)

// An expectedStream is what a reader must make of a stream.
type expectedStream struct {
	packets []reference.Packet
	starts  []int       // the offset of each packet, and then of what ended the stream
	ends    []streamEnd // each is allowed: INT-5 allows two
}

// readStream reads packets whose bodies have at most limit octets, up to the first that
// every reader refuses or may refuse.
func readStream(b []byte, limit uint64) expectedStream {
	s := expectedStream{starts: []int{0}}
	for at := 0; ; {
		if at == len(b) {
			s.ends = []streamEnd{betweenPackets}
			return s
		}
		f := input.Read(b[at:])
		if s.ends = endsAt(f, b[at:], limit); s.ends != nil {
			return s
		}
		at += len(f.Octets)
		s.packets = append(s.packets, reference.Packet(f.Packet))
		s.starts = append(s.starts, at)
	}
}

// endsAt returns how the stream may end at f, the first frame of b, or nil if it goes on.
func endsAt(f input.Frame, b []byte, limit uint64) []streamEnd {
	_, _, lengthOver := input.CutInteger(b)
	switch {
	case lengthOver:
		return []streamEnd{integerTooBig} // a reader need not wait for the end of the integer
	case f.Length > limit:
		return []streamEnd{packetTooBig, insidePacket} // inside, if the length is incomplete
	case f.Shape == input.Cut:
		return []streamEnd{insidePacket}
	case f.Shape == input.Short && f.Beyond:
		return []streamEnd{malformed, integerTooBig}
	case f.Shape == input.Short:
		return []streamEnd{malformed}
	case f.Beyond:
		return []streamEnd{integerTooBig}
	}
	return nil
}

// endOf returns the end that an error of the reference's reader reports.
func endOf(err error) streamEnd {
	switch {
	case errors.Is(err, io.EOF):
		return betweenPackets
	case errors.Is(err, reference.ErrCut):
		return insidePacket
	case errors.As(err, new(*reference.MalformedError)):
		return malformed
	case errors.Is(err, reference.ErrRange):
		return integerTooBig
	case errors.Is(err, reference.ErrTooLarge):
		return packetTooBig
	}
	return streamEnd("by another error: " + err.Error())
}

// checkStream requires that r, which delivers data in pieces, is read as want says. It
// returns how the stream ended.
func (c codec) checkStream(r io.Reader, data []byte, want expectedStream, pieces string) (streamEnd, error) {
	reader := c.reader(r, reference.DefaultMaxPacket)
	for i, p := range want.packets {
		got, err := reader.Next()
		if err != nil || !sameFields(got, p) || reader.Offset() != int64(want.starts[i+1]) {
			return "", violates("DEC-5", "reading packet %d of the stream % x, %s", i+1, data, pieces).
				expected("%s up to octet %d", show(p), want.starts[i+1]).
				got("%s up to octet %d, error %v", show(got), reader.Offset(), err)
		}
	}
	last := int64(want.starts[len(want.packets)])
	p, err := reader.Next()
	at := reader.Offset()
	var broken *reference.MalformedError
	if errors.As(err, &broken) {
		at = broken.Offset
	}
	if err == nil || !slices.Contains(want.ends, endOf(err)) || at != last {
		return "", violates("DEC-3", "reading on behind packet %d of the stream % x, %s", len(want.packets), data, pieces).
			expected("an end at octet %d, any of %q", last, want.ends).got("%s, error %v at octet %d", show(p), err, at)
	}
	return endOf(err), nil
}

// A segmentation is a stream that arrives in pieces.
type segmentation struct {
	io.Reader
	name string
}

// segmentations returns readers of data that cut it into pieces in several ways. Sizes that vary
// depend on data alone, so that an input always means the same. An [io.Reader] may also return no
// bytes and no error, and io.EOF with the last bytes.
func segmentations(data []byte) []segmentation {
	return []segmentation{
		{bytes.NewReader(data), "whole"},
		{iotest.OneByteReader(bytes.NewReader(data)), "by single octets"},
		{&pieces{rest: data, next: sizes(data, 0)}, "by pieces, some of them empty"},
		{iotest.DataErrReader(&pieces{rest: data, next: sizes(data, 1)}), "by pieces, the last with the end"},
	}
}

// pieces is a reader that returns rest in pieces of the sizes that next returns.
type pieces struct {
	rest []byte
	next func() int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.next())], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// sizes returns a source of sizes, mostly from least up to a few more. data seeds it.
func sizes(data []byte, least int) func() int {
	h := fnv.New64a()
	_, _ = h.Write(data)
	chance := rand.New(rand.NewPCG(h.Sum64(), 0))
	return func() int {
		if chance.IntN(16) == 0 {
			return least + chance.IntN(1<<10)
		}
		return least + chance.IntN(5)
	}
}
