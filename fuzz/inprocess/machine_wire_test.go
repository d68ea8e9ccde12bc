package inprocess

import (
	"fmt"
	"io"

	"github.com/packetspec/packetspec/reference"
)

// A scriptedPeer is the other end of two pipes in memory: it writes any octets, and
// keeps what comes until it is taken.
type scriptedPeer struct {
	to      *io.PipeWriter
	from    *io.PipeReader
	arrived []byte
	ended   bool // nothing more arrives
}

// newScriptedPeer gives a peer and the connection's end of its pipes. What it writes is
// read at once, or not at all: a pipe holds nothing.
func newScriptedPeer() (p *scriptedPeer, recv io.Reader, send io.Writer) {
	in, to := io.Pipe()
	from, out := io.Pipe()
	p = &scriptedPeer{to: to, from: from}
	go p.record()
	return p, in, out
}

func (p *scriptedPeer) record() {
	buffer := make([]byte, 512)
	for {
		n, err := p.from.Read(buffer)
		p.arrived = append(p.arrived, buffer[:n]...)
		if err != nil {
			p.ended = true
			return
		}
	}
}

// take takes what has arrived, which must be whole packets in their shortest form.
func (p *scriptedPeer) take() (packets []reference.Packet, err error) {
	for len(p.arrived) > 0 {
		r := oracleRead(p.arrived)
		if r.verdict != whole || r.beyond || r.consumed != len(r.packet.encode(wireForm{})) {
			return nil, fmt.Errorf("the peer got % x\nexpected whole packets in their shortest form\ngot      %s", p.arrived, r.verdict)
		}
		packets = append(packets, r.packet.reference())
		p.arrived = p.arrived[r.consumed:]
	}
	return packets, nil
}

func (p *scriptedPeer) close() {
	_ = p.to.Close()
	_ = p.from.Close()
}
