package inprocess

import (
	"bytes"
	"math"
	"testing"

	"github.com/packetspec/packetspec/reference"
)

// The greatest inputs of the shortest packets cost most, and must not count as too much.
func TestGreatestInputsAreWithinBounds(t *testing.T) {
	var requests []byte
	for tag := uint64(1); len(requests) < maxInput; tag++ {
		requests = append(requests, oracleOf(reference.Packet{IsRequest: true, Tag: tag, Type: 12}).encode(wireForm{})...)
	}
	for name, data := range map[string][]byte{
		"requests that are held": requests,
		"one duplicate":          bytes.Repeat([]byte{3, 1, 2, 3}, maxInput/4),
		"responses":              bytes.Repeat([]byte{2, 1, 4}, maxInput/3),
		"one integer":            bytes.Repeat([]byte{0xff}, maxInput),
		"operations":             bytes.Repeat([]byte{0x0b}, maxInput),
	} {
		for _, target := range Targets() {
			if err := target.Run(data); err != nil {
				t.Errorf("%s of %s: expected no error\ngot %.500v", target.Name, name, err)
			}
		}
	}
}

// What allocates too much each time is told of, and what did so once is not: another may
// have allocated then.
func TestBounded(t *testing.T) {
	var kept []byte
	allocates := func(times int) func() error {
		return func() error {
			if times > 0 {
				kept = make([]byte, 2<<20)
			}
			times--
			return nil
		}
	}
	if err := bounded(10, allocates(1)); err != nil {
		t.Errorf("once: expected no error, got %v", err)
	}
	if err := bounded(10, allocates(math.MaxInt)); err == nil {
		t.Error("each time: expected an error")
	}
	_ = kept
}
