package adapter_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

// TestBadCommands shows that every bad line gets an error reply, with the line's id if it
// has one, and that the adapter continues.
func TestBadCommands(t *testing.T) {
	for _, c := range []struct {
		line string
		id   int64
		kind adapter.Kind
		want string
	}{
		{`hello`, 0, adapter.Invalid, "not a command"},
		{``, 0, adapter.Invalid, "not a command"},
		{`[]`, 0, adapter.Invalid, "not a command"},
		{`"hello"`, 0, adapter.Invalid, "not a command"},
		{`{"id":5,"op":`, 0, adapter.Invalid, "not a command"},
		{`{"id":5,"op":7}`, 5, adapter.Invalid, "not a command"},
		{`{"op":"encode","packet":{"tag":1},"id":5}`, 5, adapter.Invalid, `its field "packet.tag" is 1; it must be a string of decimal digits`},
		{`{"op":"decode","bytes":"0","id":5}`, 5, adapter.Invalid, "two per octet"},

		{`{}`, 0, adapter.Unsupported, `no command ""`},
		{`null`, 0, adapter.Unsupported, `no command ""`},
		{`{"id":5,"op":"frobnicate"}`, 5, adapter.Unsupported, `no command "frobnicate"`},
		{`{"id":5,"op":"frobnicate","conn":"c"}`, 5, adapter.Unsupported, `no command "frobnicate"`},

		{`{"id":5,"op":"encode"}`, 5, adapter.Invalid, "encode lacks"},
		{`{"id":5,"op":"decode"}`, 5, adapter.Invalid, "decode lacks"},
		{`{"id":5,"op":"equal"}`, 5, adapter.Invalid, "equal lacks"},
		{`{"id":5,"op":"equal","a":{"channel":"0","tag":"0","flags":"0","payload":""}}`, 5, adapter.Invalid, "equal lacks"},
		{`{"id":5,"op":"string"}`, 5, adapter.Invalid, "string lacks"},
		{`{"id":5,"op":"encode","packet":{"channel":"-1","tag":"0","flags":"0","payload":""}}`, 5, adapter.Invalid, "64 bits"},

		{`{"id":5,"op":"open"}`, 5, adapter.Invalid, "open needs conn, recv and send"},
		{`{"id":5,"op":"open","recv":"r","send":"s"}`, 5, adapter.Invalid, "open needs"},
		{`{"id":5,"op":"open","conn":"c","recv":"r"}`, 5, adapter.Invalid, "open needs"},
		{`{"id":5,"op":"open","conn":"c","recv":"r","send":"s","tick":"tock"}`, 5, adapter.Invalid, `tick is "tock"; it must be`},
		{`{"id":5,"op":"open","conn":"c","recv":"/no/such/pipe","send":"s"}`, 5, adapter.Internal, "/no/such/pipe"},

		{`{"id":5,"op":"request"}`, 5, adapter.Invalid, `no connection "" is open`},
		{`{"id":5,"op":"request","conn":"x","call":"a","rq_type":"0"}`, 5, adapter.Invalid, `no connection "x" is open`},
		{`{"id":5,"op":"wait","conn":"x","call":"a"}`, 5, adapter.Invalid, `"x"`},
		{`{"id":5,"op":"do","conn":"x","rq_type":"0"}`, 5, adapter.Invalid, `"x"`},
		{`{"id":5,"op":"release","conn":"x","gate":"g"}`, 5, adapter.Invalid, `"x"`},
		{`{"id":5,"op":"seen","conn":"x"}`, 5, adapter.Invalid, `"x"`},
		{`{"id":5,"op":"ticks","conn":"x"}`, 5, adapter.Invalid, `"x"`},
		{`{"id":5,"op":"shutdown","conn":"x","block":true}`, 5, adapter.Invalid, `"x"`},
		{`{"id":5,"op":"join","conn":"x"}`, 5, adapter.Invalid, `"x"`},
		{`{"id":5,"op":"close","conn":"x"}`, 5, adapter.Invalid, `"x"`},
	} {
		t.Run(c.line, func(t *testing.T) {
			send, receive := serveLines(t, goreference.Implementation{})
			send(c.line)
			r := receive()
			check(t, "id", r.ID, c.id)
			if r.Error == nil {
				t.Fatalf("got %+v, expected an error of the kind %s", r, c.kind)
			}
			checkKind(t, c.line, r.Error, c.kind)
			checkText(t, "error", r.Error.Message, c.want)

			send(`{"id":6,"op":"hello","version":1}`)
			if r := receive(); r.ID != 6 || r.Error != nil {
				t.Errorf("the adapter's next reply: got %+v, expected one to hello", r)
			}
		})
	}
}

// TestBadCommandsOnAConnection shows that bad commands on an open connection are invalid.
func TestBadCommandsOnAConnection(t *testing.T) {
	s, _ := openFake(t)
	for _, c := range []struct {
		name string
		m    adapter.Message
	}{
		{"a second open", adapter.Message{Op: adapter.OpOpen, Recv: noPipe, Send: noPipe}},
		{"a request without a call", adapter.Message{Op: adapter.OpRequest, RqType: "0"}},
		{"a request without a type", adapter.Message{Op: adapter.OpRequest, Call: "a"}},
		{"do without a type", adapter.Message{Op: adapter.OpDo}},
		{"a negative type", adapter.Message{Op: adapter.OpRequest, Call: "a", RqType: "-1"}},
		{"an unknown decoder", adapter.Message{Op: adapter.OpRequest, Call: "a", RqType: "0", Decode: "upside-down"}},
		{"wait without a call", adapter.Message{Op: adapter.OpWait}},
		{"wait for an unknown call", adapter.Message{Op: adapter.OpWait, Call: "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.m.Conn = "c"
			fails(t, s, c.m, adapter.Invalid)
		})
	}
	good := adapter.Message{Op: adapter.OpRequest, Conn: "c", Call: "a", RqType: "0"}
	do(t, s, good)
	fails(t, s, good, adapter.Invalid) // a call with that name exists
}

// TestOpenFails shows that a failure to open is internal, and leaves neither a connection
// nor an open stream.
func TestOpenFails(t *testing.T) {
	f := newFake()
	s := start(t, adapter.InProcess{Implementation: f})
	open := adapter.Message{Op: adapter.OpOpen, Conn: "c", Recv: noPipe, Send: "/no/such/pipe"}
	fails(t, s, open, adapter.Internal)

	open.Send = noPipe
	f.err = errors.New("no connection today")
	fails(t, s, open, adapter.Internal)
	fails(t, s, adapter.Message{Op: adapter.OpSeen, Conn: "c"}, adapter.Invalid)
	for _, stream := range <-f.refused {
		if err := stream.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("closing a stream again: got %v, expected that it is closed already", err)
		}
	}

	f.err = nil
	do(t, s, open)
}

// serveLines serves impl. send writes a line of commands, and receive returns the next reply.
func serveLines(t *testing.T, impl adapter.Implementation) (send func(string), receive func() adapter.Reply) {
	t.Helper()
	commands, in := io.Pipe()
	out, replies := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- adapter.Serve(context.Background(), impl, commands, replies) }()
	t.Cleanup(func() {
		_ = in.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: got the error %v, expected none at the end of the commands", err)
		}
		_ = out.Close()
	})
	lines := bufio.NewReader(out)
	send = func(line string) {
		t.Helper()
		if _, err := io.WriteString(in, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	receive = func() (r adapter.Reply) {
		t.Helper()
		line, err := lines.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &r)
		}
		if err != nil {
			t.Fatalf("the adapter's next reply: %v (%s)", err, line)
		}
		return r
	}
	return send, receive
}
