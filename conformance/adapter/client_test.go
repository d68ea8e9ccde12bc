package adapter_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A script is a client and the adapter at its other end, which the test plays line by line.
type script struct {
	*adapter.Client
	t        *testing.T
	commands *bufio.Reader // what the client sends
	replies  *io.PipeWriter
}

// newScript returns a client whose adapter the test plays. Both end with the test.
func newScript(t *testing.T) *script {
	t.Helper()
	commands, in := io.Pipe()
	out, replies := io.Pipe()
	t.Cleanup(func() {
		_ = commands.Close()
		_ = replies.Close()
	})
	return &script{Client: adapter.NewClient(in, out), t: t, commands: bufio.NewReader(commands), replies: replies}
}

// command returns the client's next command.
func (s *script) command() (m adapter.Message) {
	s.t.Helper()
	line, err := s.commands.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &m)
	}
	if err != nil {
		s.t.Fatalf("the client's next command: %v (%s)", err, line)
	}
	return m
}

// reply writes one line of the adapter's output.
func (s *script) reply(format string, args ...any) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.replies, format+"\n", args...); err != nil {
		s.t.Fatal(err)
	}
}

func TestRepliesInAnyOrder(t *testing.T) {
	const n = 200
	s := newScript(t)
	var pending []*adapter.Pending
	var commands []adapter.Message
	for range n {
		pending = append(pending, s.Send(adapter.Message{Op: adapter.OpString}))
	}
	ids := map[int64]bool{}
	for range n {
		m := s.command()
		if ids[m.ID] {
			t.Fatalf("two commands have the id %d", m.ID)
		}
		ids[m.ID] = true
		commands = append(commands, m)
	}
	for i := n - 1; i >= 0; i-- { // the last one first
		s.reply(`{"id":%d,"string":"reply to %d"}`, commands[i].ID, commands[i].ID)
	}
	for i, p := range pending {
		r, err := await(t, p)
		if err != nil {
			t.Fatalf("command %d: %v", i, err)
		}
		check(t, "reply", *r.String, fmt.Sprintf("reply to %d", p.Command.ID))
		check(t, "order of the commands", commands[i].ID, p.Command.ID)
	}
}

func TestManyGoroutinesSend(t *testing.T) {
	s := newScript(t)
	const senders, each = 8, 50
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for range each {
				p := s.Send(adapter.Message{Op: adapter.OpString})
				r, err := p.Wait(patiently(t))
				if err != nil || *r.String != itoa(int(p.Command.ID)) {
					t.Errorf("command %d: got %v, %v", p.Command.ID, r.String, err)
				}
			}
		})
	}
	for range senders * each {
		m := s.command()
		s.reply(`{"id":%d,"string":"%d"}`, m.ID, m.ID)
	}
	all.Wait()
}

// TestUnknownKinds shows that an error of a kind that is not in the guide counts as internal,
// and is never ignored.
func TestUnknownKinds(t *testing.T) {
	for _, kind := range []string{`"kind":"",`, "", `"kind":"timeout",`} {
		s := newScript(t)
		p := s.Send(adapter.Message{Op: adapter.OpWait})
		s.command()
		s.reply(`{"id":1,"error":{%s"message":"boom"}}`, kind)
		_, err := await(t, p)
		check(t, "kind", adapter.KindOf(err), adapter.Internal)
		checkText(t, "error", err.Error(), "boom", "it must be unsupported, invalid, closed")
	}
}

func TestErrorReply(t *testing.T) {
	s := newScript(t)
	p := s.Send(adapter.Message{Op: adapter.OpWait, Conn: "c", Call: "a"})
	s.command()
	s.reply(`{"id":1,"error":{"kind":"cancelled","message":"the stream ended"}}`)
	r, err := await(t, p)
	checkKind(t, "wait", err, adapter.Cancelled)
	check(t, "text", err.Error(), "cancelled: the stream ended")
	if r.OK != nil {
		t.Errorf("got a result in addition to the error: %+v", r)
	}
}

func TestUnknownFieldsOfAReplyAreIgnored(t *testing.T) {
	s := newScript(t)
	p := s.Send(adapter.Message{Op: adapter.OpRelease})
	s.command()
	s.reply(`  {"elapsed":12, "id":1, "note":"released"}  `)
	if _, err := await(t, p); err != nil {
		t.Errorf("got the error %v, expected none", err)
	}
}

func TestWaitGivesUpWithItsContext(t *testing.T) {
	s := newScript(t)
	p := s.Send(adapter.Message{Op: adapter.OpJoin})
	s.command()
	ctx, cancel := context.WithCancelCause(context.Background())
	bored := errors.New("bored")
	cancel(bored)
	if _, err := p.Wait(ctx); !errors.Is(err, bored) {
		t.Errorf("got %v, expected the context's cause", err)
	}
	select {
	case <-p.Done():
		t.Error("the command is done, but no reply has come")
	default:
	}

	// The reply may still come. Once it is there it wins over the context.
	s.reply(`{"id":1,"ended":"eof"}`)
	<-p.Done()
	if r, err := p.Wait(ctx); err != nil || r.Ended != adapter.EndedEOF {
		t.Errorf("got %+v, %v, expected the reply", r, err)
	}
}

func TestGreet(t *testing.T) {
	s := newScript(t)
	greeted := make(chan error, 1)
	go func() { greeted <- s.Greet(patiently(t)) }()
	m := s.command()
	check(t, "op", m.Op, adapter.OpHello)
	check(t, "version", m.Version, 1)
	s.reply(`{"id":1,"version":1,"name":"n","release":"r","language":"l","supports":["equal","x-own"]}`)
	if err := <-greeted; err != nil {
		t.Fatal(err)
	}
	check(t, "hello", fmt.Sprint(s.Hello), "{n r l [equal x-own]}")
	check(t, "can equal", s.Can(adapter.CanEqual), true)
	check(t, "can tick", s.Can(adapter.CanTick), false)
}

func TestGreetRefusesAnotherVersion(t *testing.T) {
	s := newScript(t)
	greeted := make(chan error, 1)
	go func() { greeted <- s.Greet(patiently(t)) }()
	s.command()
	s.reply(`{"id":1,"version":2,"name":"n"}`)
	err := <-greeted
	if err == nil {
		t.Fatal("got no error for version 2")
	}
	checkText(t, "error", err.Error(), "speaks version 2", "this runner version 1")
}

// TestMissingFields shows that a reply that lacks a field is an internal error that names
// the field. An absent field never counts as zero.
func TestMissingFields(t *testing.T) {
	for _, c := range []struct{ op, reply, missing string }{
		{adapter.OpHello, `{"id":1}`, `"version" and "name"`},
		{adapter.OpHello, `{"id":1,"version":1}`, `"name"`},
		{adapter.OpHello, `{"id":1,"name":"n"}`, `"version"`},
		{adapter.OpEncode, `{"id":1}`, `"bytes"`},
		{adapter.OpEncode, `{"id":1,"bytes":null}`, `"bytes"`},
		{adapter.OpDecode, `{"id":1}`, `"packet" and "consumed"`},
		{adapter.OpDecode, `{"id":1,"packet":{"is_request":false,"channel":"0","tag":"0","flags":"0","payload":""}}`, `"consumed"`},
		{adapter.OpDecode, `{"id":1,"packet":{},"consumed":2}`, `"packet.channel", "packet.tag", "packet.flags" and "packet.payload"`},
		{adapter.OpDecode, `{"id":1,"packet":{"is_request":true,"channel":"0","tag":"0","flags":"0","payload":""},"consumed":3}`, `"packet.rq_type"`},
		{adapter.OpDecode, `{"id":1,"consumed":0}`, `"packet"`},
		{adapter.OpEqual, `{"id":1}`, `"equal"`},
		{adapter.OpString, `{"id":1}`, `"string"`},
		{adapter.OpWait, `{"id":1}`, `"ok", "flags" and "payload"`},
		{adapter.OpWait, `{"id":1,"ok":true,"flags":"0"}`, `"payload"`},
		{adapter.OpWait, `{"id":1,"ok":true,"payload":""}`, `"flags"`},
		{adapter.OpDo, `{"id":1,"flags":"0","payload":""}`, `"ok"`},
		{adapter.OpSeen, `{"id":1}`, `"calls"`},
		{adapter.OpTicks, `{"id":1}`, `"ticks"`},
	} {
		t.Run(c.op+c.reply, func(t *testing.T) {
			_, err := replyTo(t, c.op, c.reply)
			checkKind(t, c.reply, err, adapter.Internal)
			if err != nil {
				checkText(t, c.reply, err.Error(), c.op)
				if want := "lacks " + c.missing; !strings.HasSuffix(err.Error(), want) {
					t.Errorf("got %v, expected it to end with %s", err, want)
				}
			}
		})
	}
}

// TestWholeReplies shows that zero values count as present.
func TestWholeReplies(t *testing.T) {
	for _, c := range []struct{ op, reply string }{
		{adapter.OpHello, `{"id":1,"version":1,"name":"n"}`},
		{adapter.OpEncode, `{"id":1,"bytes":""}`},
		{adapter.OpDecode, `{"id":1,"packet":{"is_request":false,"channel":"0","tag":"0","flags":"0","payload":""},"consumed":0}`},
		{adapter.OpEqual, `{"id":1,"equal":false}`},
		{adapter.OpString, `{"id":1,"string":""}`},
		{adapter.OpOpen, `{"id":1}`},
		{adapter.OpRequest, `{"id":1}`},
		{adapter.OpWait, `{"id":1,"ok":false,"flags":"0","payload":""}`},
		{adapter.OpDo, `{"id":1,"ok":false,"flags":"0","payload":""}`},
		{adapter.OpRelease, `{"id":1}`},
		{adapter.OpSeen, `{"id":1,"calls":[]}`},
		{adapter.OpTicks, `{"id":1,"ticks":[]}`},
		{adapter.OpShutdown, `{"id":1}`},
		{adapter.OpJoin, `{"id":1}`},
		{adapter.OpClose, `{"id":1}`},
	} {
		t.Run(c.op, func(t *testing.T) {
			if _, err := replyTo(t, c.op, c.reply); err != nil {
				t.Errorf("%s: got the error %v, expected none", c.reply, err)
			}
		})
	}
}

// replyTo returns what a client makes of one line in reply to one command.
func replyTo(t *testing.T, op, line string) (adapter.Reply, error) {
	t.Helper()
	s := newScript(t)
	p := s.Send(adapter.Message{Op: op})
	s.command()
	s.reply("%s", line)
	return await(t, p)
}

// TestReplied counts replies of every kind, but not those to hello.
func TestReplied(t *testing.T) {
	s := newScript(t)
	for i, c := range []struct {
		op    string
		reply string
		want  int64
	}{
		{adapter.OpHello, `"version":1,"name":"x"`, 0},
		{adapter.OpEncode, `"bytes":"00"`, 1},
		{adapter.OpEncode, `"error":{"kind":"unsupported","message":"x"}`, 2},
		{adapter.OpEncode, ``, 3},
		{adapter.OpHello, `"version":1,"name":"x"`, 3},
	} {
		p := s.Send(adapter.Message{Op: c.op})
		fields := c.reply
		if fields != "" {
			fields = "," + fields
		}
		s.reply(`{"id":%d%s}`, s.command().ID, fields)
		<-p.Done()
		check(t, fmt.Sprintf("replies after %d commands", i+1), s.Replied(), c.want)
	}
}
