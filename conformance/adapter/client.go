package adapter

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A Client drives one adapter. Its methods may be called from several goroutines.
type Client struct {
	Hello Hello // set by Greet

	conns atomic.Int64 // named so far

	mu      sync.Mutex
	lastID  int64
	waiting map[int64]*Pending
	outbox  bytes.Buffer  // commands that the writer has not taken
	posted  *sync.Cond    // something is in outbox, or broken
	broken  error         // why no reply will come any more
	ended   chan struct{} // closed once broken is set
}

// ErrEnded reports that the adapter's output ended, which is how its death shows.
var ErrEnded = errors.New("the adapter ended its output")

// A StrayError reports a line of the adapter's standard output that is no reply.
type StrayError struct {
	Line   string // as it came, cut if long
	Reason string // what keeps it from being a reply
}

func (e *StrayError) Error() string {
	return fmt.Sprintf("the adapter printed a line that is no reply: %q: %s "+
		"(its standard output is for replies alone; free text belongs on standard error)", e.Line, e.Reason)
}

// NewClient drives the adapter whose standard input is in and whose standard output
// is out. The adapter stays usable until out ends, or until a stray line, after
// which nothing it says can be trusted. Both goroutines of the client end then, once
// whoever owns in and out has closed them.
func NewClient(in io.Writer, out io.Reader) *Client {
	c := &Client{waiting: make(map[int64]*Pending), ended: make(chan struct{})}
	c.posted = sync.NewCond(&c.mu)
	go c.write(in)
	go c.read(out)
	return c
}

// Ended is closed when no reply will come any more; Err then says why.
func (c *Client) Ended() <-chan struct{} { return c.ended }

// Err is why no reply will come any more: [ErrEnded], a [*StrayError], or nil.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// Greet says hello and keeps the answer.
func (c *Client) Greet(ctx context.Context) error {
	r, err := c.Do(ctx, Message{Op: OpHello, Version: Version})
	if err != nil {
		return err
	}
	if r.Version != Version {
		return fmt.Errorf("the adapter speaks version %d of the adapter protocol, this runner version %d", r.Version, Version)
	}
	c.Hello = Hello{Name: r.Name, Release: r.Release, Language: r.Language, Supports: r.Supports}
	return nil
}

// NameConn is a name for a connection that none of this adapter's has had. A command that
// was left behind, and is carried out late, so finds no connection to do harm to.
func (c *Client) NameConn() string { return "c" + strconv.FormatInt(c.conns.Add(1), 10) }

// Can reports whether the adapter has the ability.
func (c *Client) Can(a Ability) bool { return slices.Contains(c.Hello.Supports, a) }

// A Pending is a command whose reply is to come.
type Pending struct {
	Command Message
	client  *Client
	done    chan struct{}
	reply   Reply
	err     error
}

// Send sends a command, giving it an id, and waits for nothing: neither the reply
// nor an adapter that has stopped reading.
func (c *Client) Send(m Message) *Pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastID++
	m.ID = c.lastID
	p := &Pending{Command: m, client: c, done: make(chan struct{})}
	line, err := json.Marshal(m)
	if err == nil {
		err = c.broken
	}
	if err != nil {
		p.settle(Reply{}, err)
		return p
	}
	c.waiting[m.ID] = p
	c.outbox.Write(append(line, '\n'))
	c.posted.Signal()
	return p
}

// write passes on what is sent. If the adapter cannot be written to it has died or
// is about to, of which its output tells.
func (c *Client) write(in io.Writer) {
	var batch []byte
	for {
		c.mu.Lock()
		for c.outbox.Len() == 0 && c.broken == nil {
			c.posted.Wait()
		}
		broken := c.broken != nil
		batch = append(batch[:0], c.outbox.Bytes()...)
		c.outbox.Reset()
		c.mu.Unlock()
		if broken {
			return
		}
		if _, err := in.Write(batch); err != nil {
			return
		}
	}
}

// Do sends a command and waits for its reply.
func (c *Client) Do(ctx context.Context, m Message) (Reply, error) { return c.Send(m).Wait(ctx) }

func (p *Pending) settle(r Reply, err error) {
	p.reply, p.err = r, err
	close(p.done)
}

// Done is closed when the reply has come, or never will.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Wait returns the reply. The error is the reply's own [*Error], ctx's, or the
// client's Err.
func (p *Pending) Wait(ctx context.Context) (Reply, error) {
	select {
	case <-p.done:
		return p.reply, p.err
	default:
	}
	select {
	case <-p.done:
		return p.reply, p.err
	case <-ctx.Done():
		return Reply{}, context.Cause(ctx)
	}
}

// maxLine bounds one reply: twice the largest payload of the suite, in hex, fits.
const maxLine = 64 << 20

func (c *Client) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var err error
	for err == nil && lines.Scan() {
		err = c.take(lines.Bytes())
	}
	if err == nil {
		err = ErrEnded
		if errors.Is(lines.Err(), bufio.ErrTooLong) {
			err = &StrayError{Line: "…", Reason: fmt.Sprintf("it is longer than %d octets", maxLine)}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = err
	c.posted.Signal()
	close(c.ended)
	for id, p := range c.waiting {
		delete(c.waiting, id)
		p.settle(Reply{}, err)
	}
}

// take hands one line to the command that it answers.
func (c *Client) take(line []byte) error {
	var r Reply
	if err := json.Unmarshal(line, &r); err != nil {
		return stray(line, notReply(err))
	}
	c.mu.Lock()
	p, known := c.waiting[r.ID]
	delete(c.waiting, r.ID)
	c.mu.Unlock()
	if !known {
		return stray(line, fmt.Sprintf("no command with the id %d waits for a reply", r.ID))
	}
	p.settle(p.Command.result(r))
	return nil
}

// notReply tells why a line is no reply, in the words of JSON.
func notReply(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	if wrong.Field == "" {
		return fmt.Sprintf("it is %s %s, and a reply is an object", article(wrong.Value), wrong.Value)
	}
	var want string
	switch wrong.Type.Kind() {
	case reflect.Struct:
		want = "an object"
	case reflect.Slice:
		want = "a list"
	case reflect.Bool:
		want = "true or false"
	case reflect.String:
		want = "a string"
	default:
		want = "a whole number"
	}
	return fmt.Sprintf("its field %q is %s %s, and has to be %s", wrong.Field, article(wrong.Value), wrong.Value, want)
}

// article goes before a word.
func article(word string) string {
	if strings.ContainsAny(word[:1], "aeiou") {
		return "an"
	}
	return "a"
}

// result is what r is for who gave the command: r, or an error.
func (m Message) result(r Reply) (Reply, error) {
	switch {
	case r.Error == nil:
		return r, m.missing(r)
	case !slices.Contains(kinds, r.Error.Kind):
		return Reply{}, Errorf(Internal, "%s (the adapter gave it the kind %q, which is none of %q)", r.Error.Message, r.Error.Kind, kinds)
	}
	return Reply{}, r.Error
}

func stray(line []byte, reason string) error {
	line = bytes.TrimSpace(line)
	if len(line) > 200 {
		line = append(line[:200:200], "…"...)
	}
	return &StrayError{Line: string(line), Reason: reason}
}

// missing is an error if r lacks a field that a reply to m must have.
func (m Message) missing(r Reply) error {
	var fields []string
	need := func(present bool, name string) {
		if !present {
			fields = append(fields, name)
		}
	}
	switch m.Op {
	case OpHello:
		need(r.Version != 0, "version")
		need(r.Name != "", "name")
	case OpEncode:
		need(r.Bytes != nil, "bytes")
	case OpDecode:
		need(r.Packet != nil, "packet")
		need(r.Consumed != nil, "consumed")
		if p := r.Packet; p != nil {
			need(p.Channel != "", "packet.channel")
			need(p.Tag != "", "packet.tag")
			need(p.Flags != "", "packet.flags")
			need(p.RqType != "" || !p.IsRequest, "packet.rq_type")
			need(p.Payload != nil, "packet.payload")
		}
	case OpEqual:
		need(r.Equal != nil, "equal")
	case OpString:
		need(r.String != nil, "string")
	case OpWait, OpDo:
		need(r.OK != nil, "ok")
		need(r.Flags != "", "flags")
		need(r.Payload != nil, "payload")
	case OpSeen:
		need(r.Calls != nil, "calls")
	case OpTicks:
		need(r.Ticks != nil, "ticks")
	}
	if fields == nil {
		return nil
	}
	return Errorf(Internal, "the adapter's reply to %q lacks %q", m.Op, fields)
}
