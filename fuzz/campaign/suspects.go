package campaign

import "sync"

// suspects wait to be confirmed: those first that break a requirement of which there is no
// finding yet.
type suspects struct {
	mu     sync.Mutex
	some   *sync.Cond
	all    []*Finding
	closed bool
	looked map[string]int // suspects of each requirement that were taken
}

func newSuspects() *suspects {
	s := &suspects{looked: map[string]int{}}
	s.some = sync.NewCond(&s.mu)
	return s
}

func (s *suspects) put(f *Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, f)
	s.some.Signal()
}

// close says that no more will come.
func (s *suspects) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.some.Broadcast()
}

// urgency is how long a suspect may wait: what came late alone is often the machine's.
func (s *suspects) urgency(f *Finding) int {
	n := s.looked[f.Difference.Requirement]
	if f.Difference.Timed {
		n += 1000
	}
	return n
}

// next waits for a suspect; nil: there are none, and none will come.
func (s *suspects) next() *Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.all) == 0 && !s.closed {
		s.some.Wait()
	}
	if len(s.all) == 0 {
		return nil
	}
	best := 0
	for i, f := range s.all {
		if s.urgency(f) < s.urgency(s.all[best]) {
			best = i
		}
	}
	f := s.all[best]
	s.all = append(s.all[:best:best], s.all[best+1:]...)
	s.looked[f.Difference.Requirement]++
	return f
}
