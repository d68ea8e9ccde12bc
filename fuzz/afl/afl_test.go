package afl

import (
	"slices"
	"testing"
)

// TestTake requires each edge with the class of its count, once.
func TestTake(t *testing.T) {
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	for at, count := range map[int]byte{0: 1, 7: 3, 8: 4, 300: 7, 301: 8, 302: 31, 303: 32, 304: 127, size - 1: 128} {
		m.counts[at] = count
	}
	edge := func(at, class uint64) uint64 { return at<<8 | class }
	want := []uint64{
		edge(0, 1), edge(7, 3), edge(8, 4), edge(300, 4), edge(301, 5), edge(302, 6), edge(303, 7), edge(304, 7), edge(size-1, 8),
	}
	if got := m.Take(); !slices.Equal(got, want) {
		t.Errorf("got %x, expected %x", got, want)
	}
	if again := m.Take(); again != nil {
		t.Errorf("got %x once more, expected nothing", again)
	}
}
