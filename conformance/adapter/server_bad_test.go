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

// TestBadCommands shows that whatever comes is answered, under its own id where it
// has one, and that the adapter goes on.
func TestBadCommands(t *testing.T) {
	for _, c := range []struct {
		line string
		id   int64
		kind adapter.Kind
		told string
	}{
		{`hello`, 0, adapter.Invalid, "not a command"},
		{``, 0, adapter.Invalid, "not a command"},
		{`[]`, 0, adapter.Invalid, "not a command"},
		{`"hello"`, 0, adapter.Invalid, "not a command"},
		{`{"id":5,"op":`, 0, adapter.Invalid, "not a command"},
		{`{"id":5,"op":7}`, 5, adapter.Invalid, "not a command"},
		{`{"op":"encode","packet":{"tag":1},"id":5}`, 5, adapter.Invalid, "got 1: a protocol integer is a string"},
		{`{"op":"decode","bytes":"0","id":5}`, 5, adapter.Invalid, "two an octet"},

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
		{`{"id":5,"op":"open","conn":"c","recv":"r","send":"s","tick":"tock"}`, 5, adapter.Invalid, `tick "tock" is none of`},
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
			say, hear := serveLines(t, goreference.Implementation{})
			say(c.line)
			r := hear()
			check(t, "id", r.ID, c.id)
			if r.Error == nil {
				t.Fatalf("got %+v, expected an error of the kind %s", r, c.kind)
			}
			checkKind(t, c.line, r.Error, c.kind)
			checkText(t, "error", r.Error.Message, c.told)

			say(`{"id":6,"op":"hello","version":1}`)
			if r := hear(); r.ID != 6 || r.Error != nil {
				t.Errorf("the adapter's next reply: got %+v, expected one to hello", r)
			}
		})
	}
}

// TestBadCommandsOnAConnection holds for what a connection is asked amiss.
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
	fails(t, s, good, adapter.Invalid) // the call has that name already
}

// TestOpenFails shows that an open that fails is reported as internal and leaves nothing:
// no connection, and no stream open.
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

// serveLines has impl served to whoever says lines and hears replies.
func serveLines(t *testing.T, impl adapter.Implementation) (say func(string), hear func() adapter.Reply) {
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
	say = func(line string) {
		t.Helper()
		if _, err := io.WriteString(in, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	hear = func() (r adapter.Reply) {
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
	return say, hear
}
