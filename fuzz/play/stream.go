package play

import (
	"io"
	"sync"
)

// A stream is a pipe in memory without a limit: writes never wait. It has one reader, which
// calls either Read, or take whenever changed delivers.
type stream struct {
	changed chan struct{} // delivers after a write and after Close

	mu     sync.Mutex
	octets []byte // neither read nor taken yet
	total  int    // octets written so far
	ended  bool
}

func newStream() *stream { return &stream{changed: make(chan struct{}, 1)} }

func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.octets = append(s.octets, b...)
	s.total += len(b)
	s.signal()
	return len(b), nil
}

// Close ends the stream after the octets that were written.
func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.signal()
	return nil
}

func (s *stream) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *stream) Read(b []byte) (int, error) {
	for {
		n, ended := s.read(b)
		if n > 0 {
			return n, nil
		}
		if ended {
			return 0, io.EOF
		}
		<-s.changed
	}
}

func (s *stream) read(b []byte) (n int, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = copy(b, s.octets)
	s.octets = s.octets[n:]
	return n, s.ended
}

// take returns the octets written since the last call, and whether the stream has ended.
func (s *stream) take() (octets []byte, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	octets = s.octets
	s.octets = nil
	return octets, s.ended
}

// size returns how many octets were written so far, and how many of them are kept.
func (s *stream) size() (total, kept int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total, len(s.octets)
}
