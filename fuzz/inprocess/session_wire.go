package inprocess

import (
	"io"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// A wire is a stream in memory from one endpoint to the other. It holds any number of
// octets, so writes never wait. The session's monitor guards its fields.
type wire struct {
	monitor *monitor

	octets  []byte             // written, but not read
	arrived []byte             // written, but not split into packets
	sent    []reference.Packet // written, but not matched with what the writer's model expects
	transit []reference.Packet // matched, but not delivered to the reader's model

	held         bool // reads wait
	writesFail   bool
	severed      bool // reads return io.EOF behind the octets
	writerClosed bool
	readerClosed bool
	readerWaits  bool // the reader waits for more octets
}

// Write implements [io.Writer] for the connection that sends.
func (w *wire) Write(b []byte) (n int, err error) {
	w.monitor.change(func() {
		if w.writesFail || w.readerClosed || w.writerClosed {
			err = errNoReader
			return
		}
		n = len(b)
		w.arrived = append(w.arrived, b...)
		w.octets = append(w.octets, b...)
	})
	return n, err
}

// Close implements [io.Closer] for the connection that sends.
func (w *wire) Close() error {
	w.monitor.change(func() { w.writerClosed = true })
	return nil
}

// A wireReader is the reading end of a wire.
type wireReader struct{ *wire }

// Read implements [io.Reader] for the connection that receives.
func (w wireReader) Read(b []byte) (n int, err error) {
	w.monitor.change(func() { w.readerWaits = true })
	w.monitor.await(func() bool {
		switch {
		case w.readerClosed:
			err = io.ErrClosedPipe
		case !w.held && len(w.octets) > 0:
			n = copy(b, w.octets)
			w.octets = w.octets[n:]
		case !w.held && (w.severed || w.writerClosed):
			err = io.EOF
		default:
			return false
		}
		w.readerWaits = false
		return true
	})
	return n, err
}

// Close implements [io.Closer] for the connection that receives.
func (w wireReader) Close() error {
	w.monitor.change(func() { w.readerClosed = true })
	return nil
}

func (w *wire) parse() error {
	packets, rest, err := wholePackets(w.arrived)
	w.sent, w.arrived = append(w.sent, packets...), rest
	return err
}

// drained reports whether all that was written has been read and acted on.
func (w *wire) drained() bool { return w.readerClosed || w.readerWaits && len(w.octets) == 0 }

// exhausted reports whether nothing more can be read, now or later.
func (w *wire) exhausted() bool {
	return !w.held && (w.severed || w.writerClosed) && len(w.transit)+len(w.sent)+len(w.arrived) == 0
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
				got("%s at octet %d", shapes[f.Shape].text, len(octets)-len(rest))
		}
		packets = append(packets, reference.Packet(f.Packet))
		rest = rest[len(f.Octets):]
	}
	return packets, rest, nil
}
