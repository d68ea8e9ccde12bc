package inprocess

import (
	"bytes"
	"hash/fnv"
	"io"
	"math/rand/v2"
)

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
