//go:build unix

// Package afl reads which edges of a program have run. The program must be built by one of
// AFL's compilers: it then counts its edges in shared memory, whose identifier it reads from
// its environment.
package afl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"

	"golang.org/x/sys/unix"
)

// size is how many edges a program may have. Each has one byte for its count. AFL's own
// default is a quarter of it.
const size = 1 << 18

// A Map is the shared memory in which one process counts its edges, one byte for each. Only
// one goroutine at a time may use it.
type Map struct {
	id     int
	counts []byte
	sealed bool
}

// New allocates a map. Its owner must call Close.
func New() (*Map, error) {
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, size, unix.IPC_CREAT|0o600)
	if err != nil {
		return nil, fmt.Errorf("allocate %d bytes of shared memory: %w", size, err)
	}
	counts, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		err = fmt.Errorf("attach the shared memory: %w", err)
		_, removeErr := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		return nil, errors.Join(err, removeErr)
	}
	return &Map{id: id, counts: counts}, nil
}

// Environment returns the variables that the process needs in its environment.
func (m *Map) Environment() []string {
	return []string{"__AFL_SHM_ID=" + strconv.Itoa(m.id), "AFL_MAP_SIZE=" + strconv.Itoa(size), "AFL_QUIET=1"}
}

// Take returns the edges that have run since the last call, each combined with the class of
// its count into a number that is the same in every run. It returns none for a process that
// was not built by a compiler of AFL.
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

// Place returns an edge that [Map.Take] returned without the class of its count.
func Place(edge uint64) uint64 { return edge >> 8 }

// class returns the class of a count, as AFL groups them: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31,
// 32 to 127, or more.
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

// Seal marks the memory for removal, so that no other process can attach it. Call it once
// the process has attached it. The system then frees the memory when the last process that
// holds it ends, however it ends.
func (m *Map) Seal() error {
	if m.sealed {
		return nil
	}
	m.sealed = true
	_, err := unix.SysvShmCtl(m.id, unix.IPC_RMID, nil)
	return err
}

// Close detaches the memory and marks it for removal.
func (m *Map) Close() error { return errors.Join(m.Seal(), unix.SysvShmDetach(m.counts)) }
