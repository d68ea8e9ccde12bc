package inprocess

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
)

// Differential gives data to the reference and to the second implementation, which was
// written from the specification alone: as octets to decode, and as all that the peer of
// a connection sends. They must agree wherever the specification does not leave it open:
// open are integers of 2^61 and more, the order of answers and the words of a failure.
func Differential(data []byte) error {
	sound, err := mutant.New("")
	if err != nil {
		return err
	}
	return pair{goreference.Implementation{}, sound}.differentialTarget(data, patience)
}

// A pair is two implementations that are to agree.
type pair [2]adapter.Implementation

func (two pair) differentialTarget(data []byte, limit time.Duration) error {
	data = cut(data)
	return guarded(limit, func(ctx context.Context) error {
		if err := two.decodeAlike(data); err != nil {
			return err
		}
		h := hearing(data)
		if slices.Contains(h.ends, outOfUint) || slices.Contains(h.ends, tooLarge) {
			return nil // where one ends the stream, the other may go on
		}
		return two.behaveAlike(ctx, data, h)
	})
}

// decodeAlike: both read the same packet from data, and write the same octets for it.
func (two pair) decodeAlike(data []byte) error {
	r := oracleRead(data)
	switch {
	case r.beyond && r.verdict == whole:
		return two.beyondExactOrRefused(data, r.packet)
	case r.beyond, r.length.over(maxLength):
		return nil // INT-5
	}
	var read, written [2]string
	for i, implementation := range two {
		p, n, err := implementation.Decode(data)
		if err != nil {
			read[i] = "error " + string(adapter.KindOf(err))
			continue
		}
		read[i] = fmt.Sprintf("%+v, %d octets", p, n)
		octets, err := implementation.Encode(p)
		written[i] = fmt.Sprintf("% x, error %q", octets, adapter.KindOf(err))
		if err := compareNearlyEqual(implementation, p); err != nil {
			return err
		}
	}
	if read[0] != read[1] {
		return two.differ("DEC-1", fmt.Sprintf("decoding % x", data), read)
	}
	if written[0] != written[1] {
		return two.differ("ENC-1", fmt.Sprintf("decoding and encoding % x", data), written)
	}
	return nil
}

// maxLength is up to where a declared length is one for all: more octets cannot come.
const maxLength = 1 << 61

// behaveAlike: both do the same when data is all that their peer sends.
func (two pair) behaveAlike(ctx context.Context, data []byte, h heard) error {
	var transcripts [2]transcript
	for i, implementation := range two {
		var err error
		if transcripts[i], err = interview(ctx, implementation, data, h.unanswered); err != nil {
			return fmt.Errorf("%s: %w", implementation.Hello().Name, err)
		}
	}
	for i, topic := range topics {
		if a, b := transcripts[0][i], transcripts[1][i]; a != b {
			return two.differ(topic.requirement, fmt.Sprintf("comparing %s after % x", topic.name, data), [2]string{a, b})
		}
	}
	return nil
}

func (two pair) differ(requirement, while string, did [2]string) error {
	return breaks(requirement, "%s", while).
		expected("both to do the same").
		got("%s: %s\n         %s: %s", two[0].Hello().Name, did[0], two[1].Hello().Name, did[1])
}
