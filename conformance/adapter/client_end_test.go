package adapter_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// TestStrayLines shows that after a line that is not a reply every command fails: those
// that were sent before it and those that are sent later.
func TestStrayLines(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		line string
		want []string
	}{
		"not JSON":              {"Segmentation fault", []string{`"Segmentation fault"`, "invalid character"}},
		"a log line":            {"INFO: {", []string{`"INFO: {"`}},
		"an empty line":         {"", []string{`""`}},
		"an array":              {`[{"id":1}]`, []string{"[{", "it is an array; a reply must be an object"}},
		"a string":              {`"hello"`, []string{"it is a string; a reply must be an object"}},
		"a number":              {`1`, []string{"it is a number"}},
		"null":                  {`null`, []string{"the reply has no id"}},
		"an object without id":  {`{"ended":"eof"}`, []string{"the reply has no id"}},
		"an id 0":               {`{"id":0}`, []string{"there was no command with the id 0"}},
		"an unknown id":         {`{"id":99}`, []string{"there was no command with the id 99"}},
		"an id that is text":    {`{"id":"1"}`, []string{`its field "id" is a string; it must be a whole number`}},
		"a field of wrong type": {`{"id":1,"ended":5}`, []string{`its field "ended" is a number; it must be a string`}},
		"no object":             {`{"id":1,"error":"boom"}`, []string{`its field "error" is a string; it must be an object`}},
		"no list":               {`{"id":1,"calls":{}}`, []string{`its field "calls" is an object; it must be a list`}},
		"a fraction":            {`{"id":1,"consumed":1.5}`, []string{`its field "consumed" is a number 1.5; it must be a whole number`}},
		"truth as text":         {`{"id":1,"equal":"true"}`, []string{`its field "equal" is a string; it must be true or false`}},
		"a number for integer":  {`{"id":1,"flags":5}`, []string{`its field "flags" is 5; it must be a string of decimal digits, like "300"`}},
		"words for an integer":  {`{"id":1,"packet":{"is_request":true,"tag":"one"}}`, []string{`its field "packet.tag" is "one"; it must be a string of decimal digits`}},
		"an integer in a list":  {`{"id":1,"calls":[{"rq_type":"1","flags":3}]}`, []string{`its field "calls.flags" is 3; it must be a string of decimal digits`}},
		"no hex":                {`{"id":1,"ticks":["xy"]}`, []string{`its field "ticks" is "xy"; it must be a string of hex digits`}},
		"odd hex":               {`{"id":1,"payload":"abc"}`, []string{"two per octet"}},
		"two objects":           {`{"id":1}{"id":2}`, []string{"after top-level value"}},
		"a long line":           {long, []string{`"` + long[:200] + `…"`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			first := s.Send(adapter.Message{Op: adapter.OpJoin})
			second := s.Send(adapter.Message{Op: adapter.OpJoin})
			s.command()
			s.command()
			s.reply("%s", c.line)
			for _, p := range []*adapter.Pending{first, second, s.Send(adapter.Message{Op: adapter.OpJoin})} {
				_, err := await(t, p)
				var stray *adapter.StrayError
				if !errors.As(err, &stray) {
					t.Fatalf("got %v, expected a StrayError", err)
				}
				checkText(t, "error", err.Error(), append(c.want, "is not a reply")...)
				object := strings.HasPrefix(c.line, "{") && !strings.Contains(c.line, "}{")
				check(t, "advice about free text", strings.Contains(err.Error(), "free text belongs on standard error"), !object)
			}
			<-s.Ended()
			if s.Err() == nil {
				t.Error("Err is nil after a stray line")
			}
		})
	}
}

func TestASecondReplyIsStray(t *testing.T) {
	s := newScript(t)
	p := s.Send(adapter.Message{Op: adapter.OpJoin})
	s.command()
	s.reply(`{"id":1}`)
	s.reply(`{"id":1}`)
	<-s.Ended()
	if _, err := await(t, p); err != nil {
		t.Errorf("the first reply: got the error %v, expected it to stand", err)
	}
	checkText(t, "error", s.Err().Error(), "command 1 was already answered")
}

// TestHugeLine shows that an endless line uses a bounded amount of memory.
func TestHugeLine(t *testing.T) {
	commands, in := io.Pipe()
	defer func() { _ = commands.Close() }()
	block := bytes.Repeat([]byte("x"), 1<<20)
	c := adapter.NewClient(in, endless(block))
	<-c.Ended()
	var stray *adapter.StrayError
	if !errors.As(c.Err(), &stray) {
		t.Fatalf("got %v, expected a StrayError", c.Err())
	}
	checkText(t, "error", c.Err().Error(), "longer than 67108864 bytes")
}

// An endless is a stream that repeats one block for ever.
type endless []byte

func (e endless) Read(b []byte) (int, error) { return copy(b, e), nil }

func TestOutputEnds(t *testing.T) {
	for name, last := range map[string]string{"between two lines": "", "inside a line": `{"id":1,"ver`} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			p := s.Send(adapter.Message{Op: adapter.OpJoin})
			s.command()
			if _, err := io.WriteString(s.replies, last); err != nil {
				t.Fatal(err)
			}
			_ = s.replies.Close()
			_, err := await(t, p)
			<-s.Ended()
			if last != "" { // text without a line end counts as a line
				var stray *adapter.StrayError
				if !errors.As(err, &stray) {
					t.Errorf("got %v, expected a StrayError", err)
				}
				return
			}
			if !errors.Is(err, adapter.ErrEnded) || !errors.Is(s.Err(), adapter.ErrEnded) {
				t.Errorf("got %v and %v, expected ErrEnded", err, s.Err())
			}
			if _, err := await(t, s.Send(adapter.Message{Op: adapter.OpJoin})); !errors.Is(err, adapter.ErrEnded) {
				t.Errorf("a command after the end: got %v, expected ErrEnded", err)
			}
		})
	}
}

func TestTheLastReplyNeedsNoLineEnd(t *testing.T) {
	s := newScript(t)
	p := s.Send(adapter.Message{Op: adapter.OpJoin})
	s.command()
	if _, err := io.WriteString(s.replies, `{"id":1,"ended":"eof"}`); err != nil {
		t.Fatal(err)
	}
	_ = s.replies.Close()
	if r, err := await(t, p); err != nil || r.Ended != adapter.EndedEOF {
		t.Errorf("got %+v, %v, expected the reply", r, err)
	}
}

// TestSendNeverBlocks sends far more than a pipe holds to an adapter that reads nothing.
func TestSendNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		payload := make(adapter.Hex, 1<<16)
		var last *adapter.Pending
		for range 20 {
			last = s.Send(adapter.Message{Op: adapter.OpDo, Payload: payload})
		}
		synctest.Wait() // every goroutine waits, and Send has returned
		select {
		case <-last.Done():
			t.Error("the command is done, but nobody has read it")
		default:
		}
		check(t, "the first command that the adapter reads", s.command().ID, 1)
	})
}

// TestAnAdapterThatStopsReading shows that only the end of its output ends an adapter, not
// that of its input.
func TestAnAdapterThatStopsReading(t *testing.T) {
	commands, in := io.Pipe()
	out, replies := io.Pipe()
	defer func() { _ = replies.Close() }()
	_ = commands.Close()
	c := adapter.NewClient(in, out)
	p := c.Send(adapter.Message{Op: adapter.OpJoin})
	if _, err := io.WriteString(replies, `{"id":1}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := await(t, p); err != nil {
		t.Errorf("got the error %v, expected the reply", err)
	}
}
