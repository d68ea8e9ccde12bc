package inprocess

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// Streams takes data as a stream. However it is cut into pieces on its way, the packets
// read from it are the oracle's, and so are the error and the offset at which they end.
func Streams(data []byte) error { return referenceCodec().runStreams(data, maxDuration) }

func (c codec) runStreams(data []byte, limit time.Duration) error {
	data = truncate(data)
	return guard(limit, func(context.Context) error {
		want := oracleStream(data, reference.DefaultMaxPacket)
		return limitMemory(memoryFor(len(data)), func() error {
			var first end
			for i, s := range segmentations(data) {
				ended, err := c.checkStream(s.of(data), data, want, s.name)
				if err != nil {
					return err
				}
				if i == 0 {
					first = ended
				}
				if ended != first {
					return violates("DEC-5", "reading the stream % x %s", data, s.name).
						expected("it to end %s, as when it comes whole", first).got("its end %s", ended)
				}
			}
			return nil
		})
	})
}

// checkStreamAsOracle: r, which brings data in some pieces, is read as what the oracle
// reads.
func (c codec) checkStreamAsOracle(r io.Reader, data []byte, pieces string) error {
	_, err := c.checkStream(r, data, oracleStream(data, reference.DefaultMaxPacket), pieces)
	return err
}

// checkStream: r, which brings data in some pieces, is read as the packets that are wanted,
// each at its offset, and ends where that says, and in a way that it says.
func (c codec) checkStream(r io.Reader, data []byte, want stream, pieces string) (end, error) {
	reader := c.reader(r, reference.DefaultMaxPacket)
	for i, p := range want.packets {
		got, err := reader.Next()
		if err != nil || !sameAs(got, p) || reader.Offset() != int64(want.starts[i+1]) {
			return "", violates("DEC-5", "reading packet %d of the stream % x, %s", i+1, data, pieces).
				expected("%s up to octet %d", show(p), want.starts[i+1]).
				got("%s up to octet %d, error %v", show(got), reader.Offset(), err)
		}
	}
	last := int64(want.starts[len(want.packets)])
	p, err := reader.Next()
	at := reader.Offset()
	var malformed *reference.MalformedError
	if errors.As(err, &malformed) {
		at = malformed.Offset
	}
	if err == nil || !want.endsBy(endOf(err)) || at != last {
		return "", violates("DEC-3", "reading on behind packet %d of the stream % x, %s", len(want.packets), data, pieces).
			expected("it to end %s at octet %d", want.endings(), last).got("%s, error %v at octet %d", show(p), err, at)
	}
	return endOf(err), nil
}

// A segmentation is a way in which a stream comes in pieces.
type segmentation struct {
	name string
	of   func(data []byte) io.Reader
}

// segmentations are ways to cut data; those that vary do so with data itself, so that
// one input always means the same.
func segmentations(data []byte) []segmentation {
	return []segmentation{
		{"whole", func(b []byte) io.Reader { return bytes.NewReader(b) }},
		{"by single octets", func(b []byte) io.Reader { return &pieces{rest: b, next: func() int { return 1 }} }},
		{"by pieces, some of them empty", func(b []byte) io.Reader { return &pieces{rest: b, next: sizes(data, 0)} }},
		{"by pieces, the last with the end", func(b []byte) io.Reader {
			return &pieces{rest: b, next: sizes(data, 1), endsEarly: true}
		}},
	}
}

// pieces reads rest in pieces of the sizes that next tells. Readers may also return
// nothing and no error, and the end together with the last octets.
type pieces struct {
	rest      []byte
	next      func() int
	endsEarly bool
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.next())], p.rest)
	p.rest = p.rest[n:]
	if len(p.rest) == 0 && p.endsEarly {
		return n, io.EOF
	}
	return n, nil
}

// sizes are from least up to a few more, mostly; data is what chance depends on.
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
