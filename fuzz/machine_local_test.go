package fuzz_test

import (
	"bytes"
	"context"
	"slices"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

// A localCall is a request of the local user, what its answer should be, and what
// somebody who waits for it got.
type localCall struct {
	tag     uint64
	request reference.Request
	decodes int

	call   *reference.Call
	done   bool
	got    reference.Response
	gotErr error

	ended   bool
	want    reference.Response
	wantErr error
}

func (c *localCall) end(r reference.Response, err error) { c.ended, c.want, c.wantErr = true, r, err }

func (c *localCall) wait() {
	c.got, c.gotErr = c.call.Wait(context.Background())
	c.done = true
}

func (c *localCall) check(t *rapid.T) {
	if c.done != c.ended {
		t.Fatalf("request %d: expected its wait to have ended: %t\ngot %t", c.tag, c.ended, c.done)
	}
	if c.done {
		c.checkOutcome(t)
	}
}

func (c *localCall) checkOutcome(t *rapid.T) {
	if !isError(c.gotErr, c.wantErr) {
		t.Fatalf("request %d: expected error %v\ngot %v", c.tag, c.wantErr, c.gotErr)
	}
	if c.gotErr == nil && (c.got.OK != c.want.OK || c.got.Flags != c.want.Flags ||
		!bytes.Equal(c.got.Payload, c.want.Payload) || c.got.Value != c.want.Value) {
		t.Fatalf("request %d: expected %+v\ngot %+v", c.tag, c.want, c.got)
	}
}

// checkSecondWait: an answer may be waited for again, and is decoded once.
func (c *localCall) checkSecondWait(t *rapid.T) {
	c.wait()
	c.checkOutcome(t)
	if c.decodes > 1 {
		t.Fatalf("request %d: expected its answer to be decoded at most once, got %d times", c.tag, c.decodes)
	}
}

// answer is what the wait for c ends with when the peer's answer is r.
func (c *localCall) answer(r reference.Response) {
	if !r.OK || c.request.Decode == nil {
		c.end(r, nil)
		return
	}
	value, err := decodeUnlessEmpty(r.Flags, r.Payload)
	r.Value = value
	c.end(r, err)
}

// decodeUnlessEmpty is a decoder that uses both of its arguments, and can fail.
func decodeUnlessEmpty(flags uint64, payload []byte) (any, error) {
	if len(payload) == 0 {
		return nil, errDecoder
	}
	reversed := slices.Clone(payload)
	slices.Reverse(reversed)
	return [2]any{flags, string(reversed)}, nil
}

func (m *machine) LocalRequest(t *rapid.T) {
	integer := rapid.OneOf(rapid.Uint64Range(0, 9), rapidInteger(flagEdges))
	c := &localCall{request: reference.Request{
		Channel: rapid.SampledFrom([]uint64{0, 0, 0, 5, reference.MaxInteger + 1}).Draw(t, "channel"),
		Type:    integer.Draw(t, "type"),
		Flags:   rapid.OneOf(integer, integer, rapid.Just[uint64](reference.MaxInteger+1)).Draw(t, "flags"),
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "payload"),
	}}
	if rapid.Bool().Draw(t, "decode") {
		c.request.Decode = func(flags uint64, payload []byte) (any, error) {
			c.decodes++
			return decodeUnlessEmpty(flags, payload)
		}
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
