package inprocess

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

func (m *machine) LocalRequest(t *rapid.T) {
	integer := rapid.OneOf(rapid.Uint64Range(0, 9), rapidInteger(flagEdges))
	local := &localRequest{request: reference.Request{
		Channel: rapid.SampledFrom([]uint64{0, 0, 0, 5, reference.MaxInteger + 1}).Draw(t, "channel"),
		Type:    integer.Draw(t, "type"),
		Flags:   rapid.OneOf(integer, integer, rapid.Just[uint64](reference.MaxInteger+1)).Draw(t, "flags"),
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "payload"),
	}}
	if rapid.Bool().Draw(t, "decode") {
		local.countDecodes()
	}
	call, err := m.conn.Request(context.Background(), local.request)
	if want := m.model.submit(local); !isError(err, want) {
		t.Fatalf("Request: expected error %v\ngot %v", want, err)
	}
	if err == nil {
		local.call = call
		go local.wait()
	}
}

func (m *machine) localShutdown(t *rapid.T) {
	if err := m.conn.Shutdown(false); err != nil {
		t.Fatalf("Shutdown(false): expected no error\ngot %v", err)
	}
	m.model.shutdown()
}

func (m *machine) localBlockingShutdown(*rapid.T) {
	m.start(blockingShutdown, func() error { return m.conn.Shutdown(true) })
	m.model.shutdown()
}

func (m *machine) localClose(t *rapid.T) {
	if err := m.conn.Close(); err != nil {
		t.Fatalf("Close: expected no error\ngot %v", err)
	}
	m.model.abandon()
}

// send writes a packet in any form and in two pieces, and reports whether the connection
// read it. It must read until the peer's stream ends, and no further.
func (m *machine) send(t *rapid.T, p reference.Packet) (read bool) {
	octets := encoded(p, rapidForm().Draw(t, "form"))
	cut := rapid.IntRange(1, len(octets)).Draw(t, "cut")
	_, err := m.peer.to.Write(octets[:cut])
	if err == nil && cut < len(octets) {
		_, err = m.peer.to.Write(octets[cut:])
	}
	if read = err == nil; read == m.model.received {
		t.Fatalf("the peer wrote %s\nexpected it to be read: %t\ngot %v", show(p), !m.model.received, err)
	}
	return read
}

// peerTags has few tags, so that they are used again while they are in flight, and after.
var peerTags = rapid.OneOf(rapid.Uint64Range(0, 9), rapid.Just[uint64](reference.MaxInteger))

func (m *machine) PeerRequest(t *rapid.T) { m.peerRequest(t, peerTags.Draw(t, "tag")) }

func (m *machine) PeerRequestWithTagInFlight(t *rapid.T) {
	for _, r := range m.model.accepted {
		if m.model.inFlight(r.packet.Tag) {
			m.peerRequest(t, r.packet.Tag)
			return
		}
	}
}

// peerRequest sends a request. On a channel other than 0, type 0 is a request too.
func (m *machine) peerRequest(t *rapid.T, tag uint64) {
	r := &peerRequest{
		packet: reference.Packet{
			IsRequest: true,
			Channel:   rapid.SampledFrom([]uint64{0, 0, 0, 0, 0, 0, 0, 7}).Draw(t, "channel"),
			Tag:       tag,
			Flags:     rapidInteger(flagEdges).Draw(t, "flags"),
			Type:      rapid.OneOf(rapid.Uint64Range(1, 9), rapidInteger(integerEdges)).Draw(t, "wire type"),
			Payload:   fmt.Appendf(nil, "request %d", len(m.requests)),
		},
		outcome: rapid.SampledFrom(outcomes()).Draw(t, "outcome"),
		gate:    make(chan struct{}),
	}
	if r.packet.Channel == 0 {
		r.packet.Type = max(1, r.packet.Type)
	}
	if rapid.SampledFrom([]bool{false, false, true}).Draw(t, "released") {
		r.release()
	}
	m.requests = append(m.requests, r)
	if m.send(t, r.packet) {
		m.model.accept(r)
	}
}

func (m *machine) ReleaseHandler(t *rapid.T) {
	if held := m.model.held(); len(held) > 0 {
		m.release(held[rapid.IntRange(0, len(held)-1).Draw(t, "which")])
	}
}

func (m *machine) release(r *peerRequest) {
	r.release()
	m.model.advance()
}

func (m *machine) PeerAnswers(t *rapid.T) {
	pending := m.model.pending()
	if len(pending) == 0 {
		return
	}
	local := pending[rapid.IntRange(0, len(pending)-1).Draw(t, "which")]
	r := reference.Response{OK: rapid.Bool().Draw(t, "ok")}
	r.Flags = rapid.OneOf(rapid.Uint64Range(0, maxReplyFlags), rapid.Just[uint64](maxReplyFlags)).Draw(t, "flags")
	r.Payload = rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "payload")
	p := reference.Packet{Channel: local.request.Channel, Tag: local.tag, Flags: r.Flags * 2, Payload: r.Payload}
	if r.OK {
		p.Flags++
	}
	if m.send(t, p) {
		local.answer(r)
	}
}

// PeerSendsStrayResponse sends a response whose tag was never used, has been answered, or
// belongs to another channel.
func (m *machine) PeerSendsStrayResponse(t *rapid.T) {
	p := reference.Packet{
		Channel: rapid.SampledFrom([]uint64{0, 5, 6}).Draw(t, "channel"),
		Tag:     rapid.Uint64Range(0, uint64(len(m.model.calls)+1)).Draw(t, "tag"),
		Flags:   1,
		Payload: []byte("stray"),
	}
	for _, c := range m.model.pending() {
		if c.tag == p.Tag && c.request.Channel == p.Channel {
			p.Channel = 6
		}
	}
	m.send(t, p)
}

// peerSendsEOF sends EOF in any form, and perhaps octets behind it, which the connection
// must ignore.
func (m *machine) peerSendsEOF(t *rapid.T) {
	eof := encoded(reference.Packet{IsRequest: true}, rapidForm().Draw(t, "form"))
	behind := rapid.SampledFrom([]string{"", "00", "03010202", "020104"}).Draw(t, "behind")
	m.peerEnds(t, nil, append(eof, unhex(behind)...), nil)
}

// peerBreaksOff ends the peer's stream in any way other than EOF.
func (m *machine) peerBreaksOff(t *rapid.T) {
	way := rapid.SampledFrom([]struct {
		named
		octets string
		closed error // what the connection reads behind the octets
		reason error
	}{
		{"between packets", "", io.EOF, reference.ErrCut},
		{"inside a length", "80", io.EOF, reference.ErrCut},
		{"inside a body", "05018102", io.EOF, reference.ErrCut},
		{"inside an EOF packet", "030002", io.EOF, reference.ErrCut},
		{"an empty body", "00", nil, errMalformed},
		{"no flags", "0101", nil, errMalformed},
		{"no channel", "020101", nil, errMalformed},
		{"no type", "020102", nil, errMalformed},
		{"an unfinished integer", "020180", nil, errMalformed},
		{"EOF with a tag", "03010200", nil, errMalformed},
		{"EOF with flags", "03000600", nil, errMalformed},
		{"EOF with a payload", "0400020061", nil, errMalformed},
		{"a tag of 2^61", "0aa0808080808080800004", nil, reference.ErrRange},
		{"a length of 2^64", "82808080808080808000", nil, reference.ErrRange},
		{"a length of 2^42", "81808080808000", nil, reference.ErrTooLarge},
		{"an error", "", errReset, errReset},
		{"an error inside a body", "0501", errReset, errReset},
	}).Draw(t, "way")
	m.peerEnds(t, way.closed, unhex(way.octets), way.reason)
}

// peerEnds writes the last octets of the peer and, if closed is not nil, closes its stream
// with that error.
func (m *machine) peerEnds(t *rapid.T, closed error, octets []byte, reason error) {
	if len(octets) > 0 {
		if _, err := m.peer.to.Write(octets); (err == nil) == m.model.received {
			t.Fatalf("the peer wrote % x\nexpected them to be read: %t\ngot %v", octets, !m.model.received, err)
		}
	}
	if closed != nil {
		_ = m.peer.to.CloseWithError(closed)
	}
	if !m.model.received {
		m.model.end(reason)
	}
}

// peerStopsReading closes the peer's reading end. The next write of the connection fails.
func (m *machine) peerStopsReading(*rapid.T) {
	_ = m.peer.from.Close()
	m.model.noReader = true
}

func unhex(s string) []byte {
	octets, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return octets
}
