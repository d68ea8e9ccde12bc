package inprocess

import "sync"

// A door is the one lock of a session, and a way to wait for what happens behind it.
type door struct {
	mu      sync.Mutex
	changed chan struct{} // closed at the next change; nil if nobody waits
}

// change runs f alone, and wakes all who wait.
func (d *door) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	d.broadcast()
}

func (d *door) broadcast() {
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}

// await runs step alone, again after every change, until it reports true, or until giveUp
// delivers; then it reports false. What step changes wakes others once it reports true.
func (d *door) await(giveUp <-chan struct{}, step func() bool) bool {
	for {
		d.mu.Lock()
		if step() {
			d.broadcast()
			d.mu.Unlock()
			return true
		}
		if d.changed == nil {
			d.changed = make(chan struct{})
		}
		changed := d.changed
		d.mu.Unlock()
		select {
		case <-changed:
		case <-giveUp:
			return false
		}
	}
}
