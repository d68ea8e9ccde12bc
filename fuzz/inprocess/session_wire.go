package inprocess

import (
	"io"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// A wire is one direction between two peers in memory. It holds any number of octets, and
// can be held or cut. Both ends belong to the session's door.
type wire struct {
	door *door

	octets  []byte             // written, and not read yet
	arrived []byte             // written, and not cut into packets yet
	sent    []reference.Packet // what they were, as long as the model of the writer does not expect it
	transit []reference.Packet // what it expected, as long as the model of the reader has not heard it

	held    bool // nothing can be read
	refuses bool // nothing can be written any more
	cut     bool // reading ends behind what was
	ended   bool // the writer closed it
	deaf    bool // the reader closed it
	waiting bool // the reader has read all there is, and wants more
}

// Write implements [io.Writer] for the peer that sends.
func (w *wire) Write(b []byte) (n int, err error) {
	w.door.change(func() {
		if w.refuses || w.deaf || w.ended {
			err = errDeaf
			return
		}
		n = len(b)
		w.arrived = append(w.arrived, b...)
		w.octets = append(w.octets, b...)
	})
	return n, err
}

// read reads for the peer that receives.
func (w *wire) read(b []byte) (n int, err error) {
	w.door.change(func() { w.waiting = true })
	w.door.await(nil, func() bool {
		switch {
		case w.deaf:
			err = io.ErrClosedPipe
		case !w.held && len(w.octets) > 0:
			n = copy(b, w.octets)
			w.octets = w.octets[n:]
		case !w.held && (w.cut || w.ended):
			err = io.EOF
		default:
			return false
		}
		w.waiting = false
		return true
	})
	return n, err
}

// Close implements [io.Closer] for the peer that sends.
func (w *wire) Close() error {
	w.door.change(func() { w.ended = true })
	return nil
}

// A readingEnd is the end of a wire at the peer that receives.
type readingEnd struct{ *wire }

func (r readingEnd) Read(b []byte) (int, error) { return r.read(b) }

func (r readingEnd) Close() error {
	r.door.change(func() { r.deaf = true })
	return nil
}

// parse splits what has arrived into packets.
func (w *wire) parse() error {
	packets, rest, err := wholePackets(w.arrived)
	w.sent, w.arrived = append(w.sent, packets...), rest
	return err
}

// drained: all that was written has been read and acted on.
func (w *wire) drained() bool { return w.deaf || w.waiting && len(w.octets) == 0 }

// over: nothing more can be read, now or later.
func (w *wire) over() bool {
	return !w.held && (w.cut || w.ended) && len(w.transit)+len(w.sent)+len(w.arrived) == 0
}

// wholePackets returns the packets that octets begin with, and the octets of a last packet
// that is incomplete. Every packet must be in its shortest form.
func wholePackets(octets []byte) (packets []reference.Packet, rest []byte, err error) {
	for rest = octets; len(rest) > 0; {
		f := input.Read(rest)
		if f.Shape == input.Cut {
			break
		}
		if f.Shape != input.Whole || f.Beyond || len(f.Octets) != len(f.Packet.Octets()) {
			return nil, nil, violates("ENC-1", "reading what was sent, % x", octets).
				expected("whole packets in their shortest form").
				got("%s at octet %d", shapes[f.Shape], len(octets)-len(rest))
		}
		packets = append(packets, reference.Packet(f.Packet))
		rest = rest[len(f.Octets):]
	}
	return packets, rest, nil
}
