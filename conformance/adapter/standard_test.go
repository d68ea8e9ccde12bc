package adapter_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// openFake opens the connection "c" of a fake with the standard handler.
func openFake(t *testing.T) (*adapter.Session, *fakeConn) {
	t.Helper()
	f := newFake()
	s := start(t, adapter.InProcess{Implementation: f})
	do(t, s, adapter.Message{Op: adapter.OpOpen, Conn: "c", Recv: noPipe, Send: noPipe, Handler: ptr(true)})
	return s, <-f.opened
}

// TestStandardHandler checks each row of the guide's table except hold: see TestHold.
func TestStandardHandler(t *testing.T) {
	for _, c := range []struct {
		name           string
		rqType         adapter.Integer
		flags, payload string
		want           string // the form of the result and what is in it
		fails          string // or the error
	}{
		{"none", "0", "7", "hello", "form 0, flags , payload , text ", ""},
		{"flags", "1", "85", "hello", "form 1, flags 85, payload , text ", ""},
		{"flags beyond 64 bits", "1", "18446744073709551616", "", "form 1, flags 18446744073709551616, payload , text ", ""},
		{"bytes", "2", "7", "\xff\xfe", "form 2, flags , payload fffe, text ", ""},
		{"no bytes", "2", "0", "", "form 2, flags , payload , text ", ""},
		{"text", "3", "7", "h\u00e9", "form 3, flags , payload , text h\u00e9", ""},
		{"text that is none", "3", "7", "\xff", "", "not UTF-8"},
		{"both", "4", "7", "hi", "form 4, flags 7, payload 6869, text ", ""},
		{"fail", "5", "7", "boom", "", "boom"},
		{"fail without a message", "5", "7", "", "", ""},
		{"reverse", "7", "5", "abc", "form 4, flags 17, payload 636261, text ", ""},
		{"large", "8", "0", "3", "form 2, flags , payload 000102, text ", ""},
		{"large of none", "8", "0", "0", "form 2, flags , payload , text ", ""},
		{"large of no size", "8", "0", "many", "", `"many" is not a size`},
		{"large of less than none", "8", "0", "-1", "", `"-1" is not a size`},
		{"too large", "8", "0", "67108865", "", "is not a size from 0 to 67108864"},
		{"call", "9", "0", "ping", "form 2, flags , payload 70696e67, text ", ""},
		{"invalid", "10", "0", "list3", "form 5, flags , payload , text list3", ""},
		{"other", "11", "0", "", "", "no type 11"},
		{"negative", "-1", "0", "", "", "no type -1"},
		{"beyond 64 bits", "18446744073709551616", "0", "", "", "no type 18446744073709551616"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, conn := openFake(t)
			r, err := conn.handler(patiently(t), c.rqType, adapter.Integer(c.flags), []byte(c.payload))
			switch {
			case c.want == "" && err == nil:
				t.Errorf("got %+v, expected an error", r)
			case c.want == "":
				checkText(t, "error", err.Error(), c.fails)
			case err != nil:
				t.Errorf("got the error %v, expected %s", err, c.want)
			default:
				check(t, "result", fmt.Sprintf("form %d, flags %s, payload %x, text %s", r.Form, r.Flags, r.Payload, r.Text), c.want)
			}
			calls := *do(t, s, adapter.Message{Op: adapter.OpSeen, Conn: "c"}).Calls
			check(t, "calls seen", fmt.Sprint(calls), fmt.Sprint([]adapter.Seen{{
				RqType: c.rqType, Flags: adapter.Integer(c.flags), Payload: adapter.Hex(c.payload),
			}}))
		})
	}
}

func TestLargeCountsModulo251(t *testing.T) {
	_, conn := openFake(t)
	r, err := conn.handler(patiently(t), adapter.TypeLarge.Integer(), "0", []byte("600"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "length", len(r.Payload), 600)
	for _, i := range []int{0, 250, 251, 502, 599} {
		check(t, fmt.Sprintf("octet %d", i), r.Payload[i], byte(i%251))
	}
}

func TestReverseLeavesThePayloadAlone(t *testing.T) {
	_, conn := openFake(t)
	payload := []byte("abc")
	if _, err := conn.handler(patiently(t), adapter.TypeReverse.Integer(), "0", payload); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(payload, []byte("abc")) {
		t.Errorf("the request's payload is now %q", payload)
	}
}

// TestHold shows when a handler that waits at a gate returns.
func TestHold(t *testing.T) {
	hold := func(t *testing.T, conn *fakeConn, gate string) chan string {
		t.Helper()
		returned := make(chan string, 1)
		go func() {
			r, err := conn.handler(context.Background(), adapter.TypeHold.Integer(), "3", []byte(gate))
			returned <- fmt.Sprintf("form %d, flags %s, payload %s, error %v", r.Form, r.Flags, r.Payload, err)
		}()
		return returned
	}
	const released = "form 2, flags , payload g, error <nil>"
	release := adapter.Message{Op: adapter.OpRelease, Conn: "c", Gate: "g"}

	for name, f := range map[string]func(*testing.T, *adapter.Session, *fakeConn){
		"released after the arrival": func(t *testing.T, s *adapter.Session, conn *fakeConn) {
			held := hold(t, conn, "g")
			synctest.Wait()
			check(t, "handlers that have returned", len(held), 0)
			do(t, s, release)
			check(t, "result", <-held, released)
		},
		"released before the arrival": func(t *testing.T, s *adapter.Session, conn *fakeConn) {
			do(t, s, release)
			check(t, "result", <-hold(t, conn, "g"), released)
		},
		"released twice": func(t *testing.T, s *adapter.Session, conn *fakeConn) {
			do(t, s, release)
			do(t, s, release)
			check(t, "result", <-hold(t, conn, "g"), released)
		},
		"each gate for itself": func(t *testing.T, s *adapter.Session, conn *fakeConn) {
			other, g := hold(t, conn, "other"), hold(t, conn, "g")
			do(t, s, release)
			check(t, "result", <-g, released)
			synctest.Wait()
			check(t, "handlers at the other gate that have returned", len(other), 0)
		},
		"several at one gate": func(t *testing.T, s *adapter.Session, conn *fakeConn) {
			first, second := hold(t, conn, "g"), hold(t, conn, "g")
			do(t, s, release)
			check(t, "first", <-first, released)
			check(t, "second", <-second, released)
		},
		"the gate without a name": func(t *testing.T, s *adapter.Session, conn *fakeConn) {
			held := hold(t, conn, "")
			do(t, s, adapter.Message{Op: adapter.OpRelease, Conn: "c"})
			check(t, "result", <-held, "form 2, flags , payload , error <nil>")
		},
		"freed by close": func(t *testing.T, s *adapter.Session, conn *fakeConn) {
			held := hold(t, conn, "g")
			synctest.Wait()
			do(t, s, adapter.Message{Op: adapter.OpClose, Conn: "c"})
			check(t, "result", <-held, released)
		},
		"freed by the end of the commands": func(t *testing.T, s *adapter.Session, conn *fakeConn) {
			held := hold(t, conn, "g")
			synctest.Wait()
			s.Kill()
			check(t, "result", <-held, released)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, conn := openFake(t)
				f(t, s, conn)
			})
		})
	}
}

func TestSeenIsInOrderOfArrival(t *testing.T) {
	s, conn := openFake(t)
	check(t, "calls before any", len(*do(t, s, adapter.Message{Op: adapter.OpSeen, Conn: "c"}).Calls), 0)
	var want []adapter.Seen
	for i := range 5 {
		payload := adapter.Hex{byte(i)}
		if _, err := conn.handler(patiently(t), adapter.TypeNone.Integer(), adapter.Int(uint64(i)), payload); err != nil {
			t.Fatal(err)
		}
		want = append(want, adapter.Seen{RqType: "0", Flags: adapter.Int(uint64(i)), Payload: payload})
	}
	check(t, "calls", fmt.Sprint(*do(t, s, adapter.Message{Op: adapter.OpSeen, Conn: "c"}).Calls), fmt.Sprint(want))
}
