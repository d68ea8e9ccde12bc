package relay

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/packetspec/packetspec/conformance/peer"
)

// randomPacket returns a packet with integers of any length, and its octets, whose integers may be overlong.
func randomPacket(r *rand.Rand) (p peer.Packet, octets []byte) {
	integer := func() *big.Int {
		v := new(big.Int).SetUint64(r.Uint64() >> r.IntN(64))
		if r.IntN(20) == 0 {
			v.Lsh(v, uint(r.IntN(80)))
		}
		return v
	}
	p = peer.Packet{IsRequest: r.IntN(2) == 0, Tag: integer(), Flags: integer(), Channel: new(big.Int), Payload: make([]byte, r.IntN(200))}
	for i := range p.Payload {
		p.Payload[i] = byte(r.Uint32())
	}
	if r.IntN(3) == 0 {
		p.Channel = integer()
	}
	if p.IsRequest {
		p.Type = integer()
	}
	octets = p.Encode()
	if r.IntN(5) == 0 {
		octets = append([]byte{0x80, 0x80}, octets...) // an overlong length
	}
	return p, octets
}

// TestSplitter requires the packets of any stream in any pieces to be those that the codec of the scripted peer reads.
func TestSplitter(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		var want []peer.Packet
		var stream []byte
		for range 1 + r.IntN(10) {
			p, octets := randomPacket(r)
			want, stream = append(want, p), append(stream, octets...)
		}
		got, heads := 0, 0
		s := Splitter{KeepPayload: 1 << 10}
		for rest := stream; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(40))
			s.Add(rest[:n], func(p *Packet) {
				d, ok := p.Decoded()
				if !ok || !d.Same(want[got]) {
					t.Fatalf("seed %d, packet %d: got %v, expected %v", seed, got, d, want[got])
				}
				got++
			}, func(part Part, octets []byte) {
				if part == PartHead {
					heads += len(octets)
				}
			})
			rest = rest[n:]
		}
		payloads := 0
		for _, p := range want {
			payloads += len(p.Payload)
		}
		if _, inside := s.Inside(); inside || got != len(want) || s.Offset() != int64(len(stream)) || heads != len(stream)-payloads {
			t.Fatalf("seed %d: %d packets of %d, offset %d of %d, %d octets of heads", seed, got, len(want), s.Offset(), len(stream), heads)
		}
	}
}

// TestSplitterMalformed requires bodies that are too short for their fields to be reported, and the next packet to be read.
func TestSplitterMalformed(t *testing.T) {
	for _, stream := range []string{"\x00", "\x01\x01", "\x02\x81\x80", "\x02\x01\x02", "\x02\x01\x01", "\x03\x01\x03\x05", "\x01\x80"} {
		var got []bool
		var s Splitter
		for i := range len(stream) {
			s.Add([]byte{stream[i]}, func(p *Packet) { got = append(got, p.Malformed) }, nil)
		}
		s.Add([]byte("\x03\x00\x02\x00"), func(p *Packet) { got = append(got, p.Malformed || !p.IsEOF()) }, nil)
		if len(got) != 2 || !got[0] || got[1] {
			t.Errorf("%x: got %v, expected a malformed packet and EOF", stream, got)
		}
	}
}

// TestSplitterIsBounded requires lengths and integers without end to take no memory, and no time that grows.
func TestSplitterIsBounded(t *testing.T) {
	var s Splitter
	s.Add([]byte("\x90\x80\x80\x80\x80\x80\x80\x80\x80\x05\x02\x03"), nil, nil) // a body of 2^60 and some octets, which has begun
	octets := bytes.Repeat([]byte{0x80}, 1<<16)
	if n := testing.AllocsPerRun(100, func() { s.Add(octets, nil, nil) }); n > 0 {
		t.Errorf("a payload without end: %v allocations", n)
	}
	s = Splitter{}
	s.Add(octets, nil, nil) // a length without end
	if n := testing.AllocsPerRun(100, func() { s.Add(octets, nil, nil) }); n > 0 {
		t.Errorf("a length without end: %v allocations", n)
	}
}

func TestPacketText(t *testing.T) {
	long := peer.Packet{IsRequest: true, Tag: big.NewInt(1), Type: big.NewInt(3), Payload: bytes.Repeat([]byte("ab"), 500)}
	for want, octets := range map[string][]byte{
		"EOF": peer.EOF.Encode(),
		"ERQ": peer.ERQ.Encode(),
		`request: tag 1, wire type 3, payload "abababababababababababababababababababababababab" … (1000 octets)`: long.Encode(),
		`response: tag 1, ok, payload "hi"`:                         []byte("\x04\x01\x04hi"),
		"malformed: a body of 1 octets is too short for its fields": []byte("\x01\x00"),
		"a packet whose integers take 304 octets":                   append([]byte("\x82\x2e"), append(bytes.Repeat([]byte{0x80}, 300), 1, 4)...),
		"request: channel 5, tag 18446744073709551616, wire type 1": append([]byte("\x0d"), append([]byte("\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00"), 3, 5, 1)...),
	} {
		var s Splitter
		got := ""
		s.Add(octets, func(p *Packet) { got = p.String() }, nil)
		if got != want {
			t.Errorf("got %q, expected %q", got, want)
		}
	}
}
