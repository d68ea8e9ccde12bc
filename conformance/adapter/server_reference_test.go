package adapter_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/peer"
)

// reference starts the reference as a subject in this process.
var reference = adapter.InProcess{Implementation: goreference.Implementation{Release: "test"}}

// octets returns octets as a reply contains them.
func octets(h *adapter.Hex) string { return fmt.Sprintf("%x", *h) }

// request returns a request of the peer with this type on the wire.
func request(tag, wireType int64, payload string) peer.Packet {
	return peer.Packet{IsRequest: true, Tag: big.NewInt(tag), Type: big.NewInt(wireType), Payload: []byte(payload)}
}

func response(tag, flags int64, payload string) peer.Packet {
	return peer.Packet{Tag: big.NewInt(tag), Flags: big.NewInt(flags), Payload: []byte(payload)}
}

func TestCodecCommands(t *testing.T) {
	s := start(t, reference)
	check(t, "name", s.Hello.Name, "packetspec reference")
	check(t, "release", s.Hello.Release, "test")

	p := adapter.Packet{IsRequest: true, Channel: "5", Tag: "300", Flags: "7", RqType: "2", Payload: adapter.Hex("hello")}
	q := p
	q.Tag = "301"
	encoded := do(t, s, adapter.Message{Op: adapter.OpEncode, Packet: &p})
	check(t, "bytes", octets(encoded.Bytes), "0a822c1f050268656c6c6f")
	withMore := append(*encoded.Bytes, 0xff)
	decoded := do(t, s, adapter.Message{Op: adapter.OpDecode, Bytes: &withMore})
	check(t, "packet", fmt.Sprint(*decoded.Packet), fmt.Sprint(p))
	check(t, "consumed", *decoded.Consumed, 11)
	check(t, "equal", *do(t, s, adapter.Message{Op: adapter.OpEqual, A: &p, B: &p}).Equal, true)
	check(t, "equal", *do(t, s, adapter.Message{Op: adapter.OpEqual, A: &p, B: &q}).Equal, false)
	check(t, "string", *do(t, s, adapter.Message{Op: adapter.OpString, Packet: &p}).String,
		"Packet(is_request=True,channel=5,tag=300,flags=0x07,payload=b'hello')")

	fails(t, s, adapter.Message{Op: adapter.OpDecode, Bytes: &adapter.Hex{}}, adapter.Incomplete)
	fails(t, s, adapter.Message{Op: adapter.OpDecode, Bytes: &adapter.Hex{0}}, adapter.Malformed)
	q.Tag = "2305843009213693952" // 2^61
	fails(t, s, adapter.Message{Op: adapter.OpEncode, Packet: &q}, adapter.Invalid)
}

// TestRequesterCommands shows what the commands on local requests do.
func TestRequesterCommands(t *testing.T) {
	s := start(t, reference)
	p := connect(t, s)
	on := func(m adapter.Message) adapter.Message { m.Conn = "c"; return m }
	do(t, s, on(adapter.Message{Op: adapter.OpRequest, Call: "a", RqType: "2", Flags: "7", Payload: adapter.Hex("hi")}))
	next(t, p, `request: tag 1, flags 0x7, wire type 3, payload "hi"`)
	do(t, s, on(adapter.Message{Op: adapter.OpRequest, Call: "b", RqType: "0", Channel: "5"}))
	next(t, p, `request: channel 5, tag 2, wire type 1`)
	did := s.Send(on(adapter.Message{Op: adapter.OpDo, RqType: "2", Payload: adapter.Hex("abc"), Decode: adapter.DecodeReverse}))
	next(t, p, `request: tag 3, wire type 3, payload "abc"`)
	do(t, s, on(adapter.Message{Op: adapter.OpRequest, Call: "c", RqType: "2", Decode: adapter.DecodeRaise}))
	next(t, p, `request: tag 4, wire type 3`)
	do(t, s, on(adapter.Message{Op: adapter.OpRequest, Call: "d", RqType: "0"}))
	next(t, p, `request: tag 5, wire type 1`)

	send(t, p, response(3, 1, "abc"), response(1, 5, "yes"), response(4, 1, "abc"))
	send(t, p, peer.Packet{Channel: big.NewInt(5), Tag: big.NewInt(2), Flags: big.NewInt(4), Payload: []byte("no")})
	r, err := await(t, did)
	checkKind(t, "do", err, "")
	check(t, "decoded", string(*r.Payload), "cba")
	for call, want := range map[string]string{"a": `true 2 "yes"`, "b": `false 2 "no"`} {
		r := do(t, s, on(adapter.Message{Op: adapter.OpWait, Call: call}))
		check(t, "answer to "+call, fmt.Sprintf("%t %s %q", *r.OK, r.Flags, *r.Payload), want)
	}
	fails(t, s, on(adapter.Message{Op: adapter.OpWait, Call: "c"}), adapter.BadDecode)

	joined := s.Send(on(adapter.Message{Op: adapter.OpJoin}))
	send(t, p, peer.EOF)
	fails(t, s, on(adapter.Message{Op: adapter.OpWait, Call: "d"}), adapter.Cancelled)
	r, err = await(t, joined)
	checkKind(t, "join", err, "")
	check(t, "ended", r.Ended, adapter.EndedEOF)
	fails(t, s, on(adapter.Message{Op: adapter.OpRequest, Call: "e", RqType: "0"}), adapter.Closed)
	do(t, s, on(adapter.Message{Op: adapter.OpShutdown, Block: ptr(true)}))
	next(t, p, "EOF")
	do(t, s, on(adapter.Message{Op: adapter.OpClose}))
}

// TestStandardHandlerOnTheWire requests each type of the guide's table from an
// implementation, which converts the standard handler's results to its own.
func TestStandardHandlerOnTheWire(t *testing.T) {
	s := start(t, reference)
	p := connect(t, s)
	for tag, c := range []struct {
		wireType      int64
		payload, want string
	}{
		{1, "x", "ok"},
		{2, "x", "ok, flags 0x5"},
		{3, "x", `ok, payload "x"`},
		{4, "é", `ok, payload "é"`},
		{5, "x", `ok, flags 0x5, payload "x"`},
		{6, "boom", `failed, payload "boom"`},
		{8, "abc", `ok, flags 0x11, payload "cba"`},
		{9, "3", `ok, payload 000102`},
		{11, "float", `failed, payload "the reference cannot express an invalid reply"`},
		{12, "x", `failed, payload "the standard handler has no type 11"`},
	} {
		q := request(int64(tag), c.wireType, c.payload)
		q.Flags = big.NewInt(5)
		send(t, p, q)
		next(t, p, fmt.Sprintf("response: tag %d, %s", tag, c.want))
	}

	send(t, p, request(20, 10, "ping")) // the handler asks the peer
	next(t, p, `request: tag 1, wire type 3, payload "ping"`)
	send(t, p, response(1, 1, "pong"))
	next(t, p, `response: tag 20, ok, payload "pong"`)

	send(t, p, request(21, 7, "g"), request(22, 3, "x")) // held, until the gate is released
	next(t, p, `response: tag 22, ok, payload "x"`)
	do(t, s, adapter.Message{Op: adapter.OpRelease, Conn: "c", Gate: "g"})
	next(t, p, `response: tag 21, ok, payload "g"`)
}

func TestWithoutHandler(t *testing.T) {
	s := start(t, reference)
	p := connectAs(t, s, adapter.Message{Conn: "c", Handler: ptr(false), Grace: ptr(0.0)})
	send(t, p, request(1, 1, ""))
	next(t, p, `response: tag 1, failed, payload "no request handler"`)
	check(t, "calls seen", len(*do(t, s, adapter.Message{Op: adapter.OpSeen, Conn: "c"}).Calls), 0)
}

func TestTicksOfTheReference(t *testing.T) {
	s := start(t, reference)
	p := connectAs(t, s, adapter.Message{Conn: "c", Handler: ptr(true), Grace: ptr(0.0), Tick: adapter.TickRecord})
	send(t, p, request(1, 1, ""))
	next(t, p, "response: tag 1, ok")
	if ticks := *do(t, s, adapter.Message{Op: adapter.OpTicks, Conn: "c"}).Ticks; len(ticks) < 2 {
		t.Errorf("got the ticks %q, expected one of the receiver's and one of the sender's at least", ticks)
	}
}

// TestTwoConnections shows that connections share no gates, calls or state.
func TestTwoConnections(t *testing.T) {
	s := start(t, reference)
	c := connect(t, s)
	d := connectAs(t, s, adapter.Message{Conn: "d", Handler: ptr(true), Grace: ptr(0.0)})
	send(t, c, request(1, 7, "g"))
	send(t, d, request(1, 7, "g"))
	do(t, s, adapter.Message{Op: adapter.OpRelease, Conn: "d", Gate: "g"})
	next(t, d, `response: tag 1, ok, payload "g"`)
	do(t, s, adapter.Message{Op: adapter.OpRequest, Conn: "c", Call: "a", RqType: "0"})
	next(t, c, "request: tag 1, wire type 1")
	fails(t, s, adapter.Message{Op: adapter.OpWait, Conn: "d", Call: "a"}, adapter.Invalid)
	do(t, s, adapter.Message{Op: adapter.OpClose, Conn: "c"})
	send(t, d, request(2, 3, "still here"))
	next(t, d, `response: tag 2, ok, payload "still here"`)
}
