package adapter_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/conformance/adapter"
)

var tagOne = adapter.Packet{Channel: "0", Tag: "1", Flags: "0", Payload: adapter.Hex{}}

// TestWithoutAbilities serves an implementation that has only the required methods.
func TestWithoutAbilities(t *testing.T) {
	s := start(t, adapter.InProcess{Implementation: newFake()})
	check(t, "name", s.Hello.Name, "fake")
	for _, a := range adapter.Abilities {
		check(t, "ability "+string(a), s.Can(a), false)
	}

	fails(t, s, adapter.Message{Op: adapter.OpEqual, A: &tagOne, B: &tagOne}, adapter.Unsupported)
	fails(t, s, adapter.Message{Op: adapter.OpString, Packet: &tagOne}, adapter.Unsupported)
	check(t, "encoded", fmt.Sprintf("%x", *do(t, s, adapter.Message{Op: adapter.OpEncode, Packet: &tagOne}).Bytes), "020100")
	decoded := do(t, s, adapter.Message{Op: adapter.OpDecode, Bytes: &adapter.Hex{2, 1, 0}})
	check(t, "decoded", fmt.Sprint(*decoded.Packet), fmt.Sprint(tagOne))
	check(t, "consumed", *decoded.Consumed, 3)
	fails(t, s, adapter.Message{Op: adapter.OpEncode, Packet: &adapter.Packet{Channel: "0", Tag: "2", Flags: "0"}}, adapter.Invalid)
	fails(t, s, adapter.Message{Op: adapter.OpDecode, Bytes: &adapter.Hex{0}}, adapter.Malformed)
}

func TestOpenPassesItsOptions(t *testing.T) {
	f := newFake()
	s := start(t, adapter.InProcess{Implementation: f})
	dir := t.TempDir()
	to, from := filepath.Join(dir, "to"), filepath.Join(dir, "from")
	for _, path := range []string{to, from} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open := func(m adapter.Message) *fakeConn {
		t.Helper()
		m.Op, m.Recv, m.Send = adapter.OpOpen, to, from
		do(t, s, m)
		return <-f.opened
	}
	plain := open(adapter.Message{Conn: "plain", Handler: ptr(false)})
	check(t, "recv", plain.recv.(*os.File).Name(), to)
	check(t, "send", plain.send.(*os.File).Name(), from)
	check(t, "has a handler", plain.handler != nil, false)
	check(t, "has a grace", plain.Grace != nil, false)
	check(t, "has a tick", plain.Tick != nil || plain.TickStderr, false)

	all := open(adapter.Message{Conn: "all", Handler: ptr(true), Grace: ptr(0.25), Tick: adapter.TickRecord, Name: "n"})
	check(t, "has a handler", all.handler != nil, true)
	check(t, "grace", *all.Grace, 0.25)
	check(t, "name", all.Name, "n")

	check(t, "has a tick", open(adapter.Message{Conn: "none", Tick: adapter.TickNone}).Tick != nil, false)
	check(t, "ticks on standard error", open(adapter.Message{Conn: "stderr", Tick: adapter.TickStderr}).TickStderr, true)
}

func TestTicksAreRecorded(t *testing.T) {
	f := newFake()
	s := start(t, adapter.InProcess{Implementation: f})
	do(t, s, adapter.Message{Op: adapter.OpOpen, Conn: "c", Recv: noPipe, Send: noPipe, Tick: adapter.TickRecord})
	conn := <-f.opened
	ticks := adapter.Message{Op: adapter.OpTicks, Conn: "c"}
	check(t, "ticks before any", len(*do(t, s, ticks).Ticks), 0)
	octets := []byte("<")
	conn.Tick(octets)
	octets[0] = '!' // the implementation may reuse its buffer
	conn.Tick([]byte("Sg"))
	check(t, "ticks", fmt.Sprintf("%s", *do(t, s, ticks).Ticks), "[< Sg]")
}

// TestLongCommandsHoldNothingUp runs every command while, on the same connection, each
// command that may wait is waiting.
func TestLongCommandsHoldNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, conn := openFake(t)
		on := func(m adapter.Message) adapter.Message { m.Conn = "c"; return m }
		do(t, s, on(adapter.Message{Op: adapter.OpRequest, Call: "a", RqType: "0"}))
		long := map[string]*adapter.Pending{
			"wait":     s.Send(on(adapter.Message{Op: adapter.OpWait, Call: "a"})),
			"do":       s.Send(on(adapter.Message{Op: adapter.OpDo, RqType: "0"})),
			"shutdown": s.Send(on(adapter.Message{Op: adapter.OpShutdown, Block: ptr(true)})),
			"join":     s.Send(on(adapter.Message{Op: adapter.OpJoin})),
		}
		check(t, "shutdown blocks", <-conn.shut, true)

		do(t, s, adapter.Message{Op: adapter.OpHello})
		do(t, s, adapter.Message{Op: adapter.OpEncode, Packet: &tagOne})
		do(t, s, adapter.Message{Op: adapter.OpDecode, Bytes: &adapter.Hex{2, 1, 0}})
		do(t, s, on(adapter.Message{Op: adapter.OpSeen}))
		do(t, s, on(adapter.Message{Op: adapter.OpTicks}))
		do(t, s, on(adapter.Message{Op: adapter.OpRelease, Gate: "g"}))
		do(t, s, on(adapter.Message{Op: adapter.OpRequest, Call: "b", RqType: "2", Payload: adapter.Hex("x")}))
		check(t, "another answer", string(*do(t, s, on(adapter.Message{Op: adapter.OpWait, Call: "b"})).Payload), "x")
		do(t, s, on(adapter.Message{Op: adapter.OpShutdown, Block: ptr(false)}))
		do(t, s, adapter.Message{Op: adapter.OpOpen, Conn: "d", Recv: noPipe, Send: noPipe})

		synctest.Wait()
		for name, p := range long {
			select {
			case <-p.Done():
				t.Errorf("%s has returned", name)
			default:
			}
		}
		do(t, s, on(adapter.Message{Op: adapter.OpClose}))
		for name, want := range map[string]adapter.Kind{
			"wait": adapter.Cancelled, "do": adapter.Cancelled, "shutdown": "", "join": "",
		} {
			_, err := await(t, long[name])
			checkKind(t, name, err, want)
		}
	})
}

func TestResponseDecoders(t *testing.T) {
	s, _ := openFake(t)
	request := func(decode string) adapter.Message {
		return adapter.Message{Op: adapter.OpDo, Conn: "c", RqType: "2", Payload: adapter.Hex("abc"), Decode: decode}
	}
	for decode, want := range map[string]string{"": "abc", adapter.DecodeReverse: "cba", adapter.DecodeFlags: "5"} {
		check(t, "decoded by "+decode, string(*do(t, s, request(decode)).Payload), want)
	}
	fails(t, s, request(adapter.DecodeRaise), adapter.BadDecode)
	fails(t, s, request("upside-down"), adapter.Invalid)
}

// TestConcurrentCloses shows that exactly one of several concurrent closes succeeds.
func TestConcurrentCloses(t *testing.T) {
	f := newFake()
	s := start(t, adapter.InProcess{Implementation: f})
	for range 50 {
		do(t, s, adapter.Message{Op: adapter.OpOpen, Conn: "c", Recv: noPipe, Send: noPipe})
		<-f.opened
		var closes []*adapter.Pending
		for range 16 {
			closes = append(closes, s.Send(adapter.Message{Op: adapter.OpClose, Conn: "c"}))
		}
		closed := 0
		for _, p := range closes {
			_, err := await(t, p)
			if err == nil {
				closed++
				continue
			}
			checkKind(t, "close", err, adapter.Invalid)
		}
		check(t, "closes that closed it", closed, 1)
	}
}
