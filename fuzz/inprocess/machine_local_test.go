package inprocess

import (
	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

func (m *machine) LocalRequest(t *rapid.T) {
	integer := rapid.OneOf(rapid.Uint64Range(0, 9), rapidInteger(flagEdges))
	c := &localCall{request: reference.Request{
		Channel: rapid.SampledFrom([]uint64{0, 0, 0, 5, reference.MaxInteger + 1}).Draw(t, "channel"),
		Type:    integer.Draw(t, "type"),
		Flags:   rapid.OneOf(integer, integer, rapid.Just[uint64](reference.MaxInteger+1)).Draw(t, "flags"),
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "payload"),
	}}
	if rapid.Bool().Draw(t, "decode") {
		c.counting()
	}
	call, err := m.conn.Request(c.request)
	if want := m.model.request(c); !isError(err, want) {
		t.Fatalf("Request: expected error %v\ngot %v", want, err)
	}
	if err == nil {
		c.call = call
		go c.wait()
	}
}

func (m *machine) localShutdown(t *rapid.T) {
	if err := m.conn.Shutdown(false); err != nil {
		t.Fatalf("Shutdown(false): expected no error\ngot %v", err)
	}
	m.model.shutdown()
}

func (m *machine) localBlockingShutdown(*rapid.T) {
	m.shutdowns = append(m.shutdowns, start(func() error { return m.conn.Shutdown(true) }))
	m.model.shutdown()
}

func (m *machine) localClose(t *rapid.T) {
	if err := m.conn.Close(); err != nil {
		t.Fatalf("Close: expected no error\ngot %v", err)
	}
	m.model.abandon()
}
