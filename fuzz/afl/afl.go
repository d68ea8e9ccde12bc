//go:build unix

// Package afl reads which edges of a program have run, where the program was built by one
// of AFL's compilers: such a program counts them in shared memory, whose identifier it
// finds in its environment.
package afl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"

	"golang.org/x/sys/unix"
)

// size is how many edges a program may have, in octets of one count each. AFL's own default
// is a quarter of it.
const size = 1 << 18

// A Map is the memory in which one process counts its edges: an octet for each. It is used
// from one goroutine.
type Map struct {
	id     int
	counts []byte
	sealed bool
}

// New makes a map. Its owner closes it.
func New() (*Map, error) {
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, size, unix.IPC_CREAT|0o600)
	if err != nil {
		return nil, fmt.Errorf("make a map of %d octets of shared memory: %w", size, err)
	}
	counts, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		err = fmt.Errorf("attach the shared memory of a map: %w", err)
		_, removeErr := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		return nil, errors.Join(err, removeErr)
	}
	return &Map{id: id, counts: counts}, nil
}

// Environment is what the process must find in its environment.
func (m *Map) Environment() []string {
	return []string{"__AFL_SHM_ID=" + strconv.Itoa(m.id), "AFL_MAP_SIZE=" + strconv.Itoa(size), "AFL_QUIET=1"}
}

// Take is the edges that have run since the last time, each with the class of its count, as
// numbers that are the same each time; and forgets them. A process that no compiler of
// AFL's has built never has any.
func (m *Map) Take() (edges []uint64) {
	for at := 0; at < len(m.counts); at += 8 {
		word := m.counts[at : at+8]
		if binary.NativeEndian.Uint64(word) == 0 {
			continue
		}
		for i, count := range word {
			if count > 0 {
				edges = append(edges, uint64(at+i)<<8|class(count))
			}
		}
		clear(word)
	}
	return edges
}

// Place is an edge that [Map.Take] gave, without the class of its count.
func Place(edge uint64) uint64 { return edge >> 8 }

// class is the class of a count: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, or more.
func class(count byte) uint64 {
	switch {
	case count <= 3:
		return uint64(count)
	case count < 32:
		return uint64(bits.Len8(count)) + 1
	case count < 128:
		return 7
	}
	return 8
}

// Seal keeps others from attaching the memory, once the process has: it goes with the last
// that holds it, however that ends.
func (m *Map) Seal() error {
	if m.sealed {
		return nil
	}
	m.sealed = true
	_, err := unix.SysvShmCtl(m.id, unix.IPC_RMID, nil)
	return err
}

// Close lets the memory go.
func (m *Map) Close() error { return errors.Join(m.Seal(), unix.SysvShmDetach(m.counts)) }
