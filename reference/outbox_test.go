package reference

import "testing"

// Close takes what is queued, even after the sender has decided to write it: the sender's batch is empty then.
func TestOutboxWithoutABatch(t *testing.T) {
	var o outbox
	o.add(&Packet{Tag: 1})
	o.take() // by Close
	o.reuse(o.take().chunks)
	o.add(&Packet{Tag: 2})
	if b := o.take(); b.packets != 1 || string(b.chunks[0]) != "\x02\x02\x00" {
		t.Errorf("got %+v, expected the packet with tag 2", b)
	}
}
