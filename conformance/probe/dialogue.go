//go:build unix

package probe

import (
	"context"
	"time"

	"github.com/packetspec/packetspec/conformance/peer"
)

// A dialogue is the peer's side of an examination: it sends requests, notes which are answered, and refuses
// what the program requests. One goroutine uses it.
type dialogue struct {
	link     *link
	sent     []byte
	first    []byte         // what the program sent first, to the end of a packet at least if there is one
	packets  int            // read so far
	answered map[int64]bool // by tag
	eof      bool           // the program has sent EOF, or a malformed EOF packet
	broken   bool           // what it sends is no packet
	ended    bool           // its stream has ended
}

func newDialogue(l *link) *dialogue { return &dialogue{link: l, answered: map[int64]bool{}} }

// over reports whether nothing more can come that an examination understands.
func (d *dialogue) over() bool { return d.eof || d.broken || d.ended }

func (d *dialogue) send(p peer.Packet) {
	octets := p.Encode()
	d.sent = append(d.sent, octets...)
	_, _ = d.link.to.Write(octets) // if nobody reads it, nobody answers
}

// await reads what the program sends until done reports true, or nothing has come for the limit. The error
// is the cause of ctx.
func (d *dialogue) await(ctx context.Context, limit time.Duration, done func() bool) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		octets, ended, changed := d.link.look()
		came := len(octets) > 0
		if n := d.read(octets); n > 0 {
			d.link.drop(n)
			timer.Reset(limit)
			continue
		}
		if d.ended = ended; done() || ended && !came || d.broken {
			return nil
		}
		if ended && came {
			d.broken = true // a packet that never ends
			continue
		}
		select {
		case <-changed:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// read reads one packet, and returns how many octets it took.
func (d *dialogue) read(octets []byte) int {
	if d.packets == 0 {
		d.first = append([]byte(nil), octets...)
	}
	p, n, err := peer.Decode(octets)
	if n > 0 {
		defer func() { d.packets++ }()
	}
	switch {
	case n == 0:
		return 0
	case d.packets == 0 && leadingText(octets) != "", err != nil:
		d.broken = true
	case p.IsRequest && p.Type.Sign() == 0 && p.Channel.Sign() == 0:
		d.eof = d.eof || !p.Same(peer.ERQ)
	case p.IsRequest:
		d.send(peer.Packet{Channel: p.Channel, Tag: p.Tag})
	case p.Tag.IsInt64():
		d.answered[p.Tag.Int64()] = true
	default:
		d.answered[-1] = true // with a tag that nobody used
	}
	return n
}
