package adapter

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// A Client sends commands to one adapter and reads its replies. Several goroutines may
// call its methods.
type Client struct {
	Hello Hello // set by Greet

	conns     atomic.Int64 // connections named so far
	replies   atomic.Int64 // to commands other than hello
	acts      atomic.Int64 // see Acts
	roundTrip atomic.Int64 // see RoundTrip, in nanoseconds
	trace     atomic.Pointer[func(fromAdapter bool, line []byte)]

	mu      sync.Mutex
	lastID  int64
	done    map[string]bool    // by name: commands that the adapter has supported
	waiting map[int64]*Pending // by id
	unsent  bytes.Buffer       // commands that the writer has not taken
	wake    *sync.Cond         // signals the writer: unsent or err has changed
	err     error              // why no more replies will come
	ended   chan struct{}      // closed once err is set
}

// ErrEnded reports that the adapter's output ended, usually because the adapter died.
var ErrEnded = errors.New("the adapter ended its output")

// A StrayError reports a line of the adapter's standard output that is not a reply.
type StrayError struct {
	Line   string // cut if it is long
	Reason string // why it is not a reply
	Object bool   // it is a JSON object, and so was meant to be a reply
}

func (e *StrayError) Error() string {
	text := fmt.Sprintf("the adapter printed a line that is not a reply: %q: %s", e.Line, e.Reason)
	if e.Object {
		return text
	}
	return text + " (its standard output is for replies alone; free text belongs on standard error)"
}

// NewClient returns a client of the adapter whose standard input is in and whose standard
// output is out. The client works until out ends or brings a line that is not a reply:
// after that no reply can be trusted. Its two goroutines end once the caller, who owns in
// and out, has closed both.
func NewClient(in io.Writer, out io.Reader) *Client {
	c := &Client{waiting: make(map[int64]*Pending), done: make(map[string]bool), ended: make(chan struct{})}
	c.wake = sync.NewCond(&c.mu)
	go c.write(in)
	go c.read(out)
	return c
}

// Ended returns a channel that is closed once no more replies will come. Err then returns
// the reason.
func (c *Client) Ended() <-chan struct{} { return c.ended }

// Err returns why no more replies will come: [ErrEnded] or a [*StrayError]. It returns nil
// while replies may come.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Greet sends hello and sets c.Hello from the reply.
func (c *Client) Greet(ctx context.Context) error {
	r, err := c.Do(ctx, Message{Op: OpHello, Version: Version})
	if err != nil {
		return err
	}
	if r.Version != Version {
		return fmt.Errorf("the adapter speaks version %d of the adapter protocol, this runner version %d", r.Version, Version)
	}
	c.Hello = Hello{
		Name: visible.Cut(r.Name, maxName), Release: visible.Cut(r.Release, maxName), Language: visible.Cut(r.Language, maxName),
		Supports: r.Supports,
	}
	return nil
}

// Replied returns how many commands other than hello the adapter has replied to. An error is a
// reply too.
func (c *Client) Replied() int64 { return c.replies.Load() }

// NameConn returns a name that no connection of this adapter has had. A late command to an
// earlier connection therefore cannot reach a later one.
func (c *Client) NameConn() string { return "c" + strconv.FormatInt(c.conns.Add(1), 10) }

// Can reports whether the adapter has the ability.
func (c *Client) Can(a Ability) bool { return slices.Contains(c.Hello.Supports, a) }

// Trace calls f with every command from now on, and with every line that the adapter prints, both
// without the end of the line. A nil f ends that. f must be quick and must not keep the line; it may be
// called concurrently.
func (c *Client) Trace(f func(fromAdapter bool, line []byte)) {
	if f == nil {
		c.trace.Store(nil)
		return
	}
	c.trace.Store(&f)
}

func (c *Client) traced(fromAdapter bool, line []byte) {
	if f := c.trace.Load(); f != nil {
		(*f)(fromAdapter, line)
	}
}

// A Pending is a command that was sent, and later its reply. Several goroutines may wait.
type Pending struct {
	Command Message
	Sent    time.Time
	done    chan struct{} // closed once reply and err are set
	reply   Reply
	err     error
}

// Send gives a command an id and sends it. It never waits: neither for the reply, nor for
// an adapter that has stopped reading.
func (c *Client) Send(m Message) *Pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastID++
	m.ID = c.lastID
	p := &Pending{Command: m, Sent: time.Now(), done: make(chan struct{})}
	line, err := json.Marshal(m)
	if err == nil {
		err = c.err
	}
	if err != nil {
		p.finish(Reply{}, err)
		return p
	}
	c.waiting[m.ID] = p
	c.traced(false, line)
	c.unsent.Write(append(line, '\n'))
	c.wake.Signal()
	return p
}

// write writes the commands to the adapter. It ignores a write error: an adapter that
// cannot be written to is about to end its output, and read reports that.
func (c *Client) write(in io.Writer) {
	var batch []byte
	for {
		c.mu.Lock()
		for c.unsent.Len() == 0 && c.err == nil {
			c.wake.Wait()
		}
		ended := c.err != nil
		batch = append(batch[:0], c.unsent.Bytes()...)
		c.unsent.Reset()
		c.mu.Unlock()
		if ended {
			return
		}
		if _, err := in.Write(batch); err != nil {
			return
		}
	}
}

// Do sends a command and waits for its reply, as [Pending.Wait] does.
func (c *Client) Do(ctx context.Context, m Message) (Reply, error) { return c.Send(m).Wait(ctx) }

func (p *Pending) finish(r Reply, err error) {
	p.reply, p.err = r, err
	close(p.done)
}

// Done returns a channel that is closed once the reply has come or can no longer come.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Wait waits for the reply and returns it. The error is the [*Error] that the adapter
// replied, the cause of ctx, or [Client.Err]. A reply that has come wins over a ctx that has ended.
func (p *Pending) Wait(ctx context.Context) (Reply, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		select {
		case <-p.done:
		default:
			return Reply{}, context.Cause(ctx)
		}
	}
	return p.reply, p.err
}

// maxLine bounds one command or reply, in bytes. A line has room for twice the largest
// payload of the suite, in hex.
const maxLine = 64 << 20

// What is kept of an adapter's texts, in bytes: a report shows them again and again. A traceback
// fits into a message.
const (
	maxName    = 1 << 10 // of its name, its release and its language
	maxMessage = 16 << 10
)

func (c *Client) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var err error
	for err == nil && lines.Scan() {
		c.traced(true, lines.Bytes())
		err = c.deliver(lines.Bytes())
	}
	if err == nil {
		err = ErrEnded
		if errors.Is(lines.Err(), bufio.ErrTooLong) {
			err = &StrayError{Line: "…", Reason: fmt.Sprintf("it is longer than %d bytes", maxLine)}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	c.wake.Signal()
	close(c.ended)
	for _, p := range c.waiting { // they stay, for Outstanding
		p.finish(Reply{}, err)
	}
}

// deliver passes one line to the command that it answers.
func (c *Client) deliver(line []byte) error {
	var r Reply
	if err := json.Unmarshal(line, &r); err != nil {
		return stray(line, whyNot("reply", err))
	}
	c.mu.Lock()
	p, known := c.waiting[r.ID]
	delete(c.waiting, r.ID)
	if known && KindOf(r.Err()) != Unsupported {
		c.done[p.Command.Op] = true
	}
	answered := 0 < r.ID && r.ID <= c.lastID
	c.mu.Unlock()
	switch {
	case known:
	case answered:
		return stray(line, fmt.Sprintf("command %d was already answered", r.ID))
	case hasID(line):
		return stray(line, fmt.Sprintf("there was no command with the id %d", r.ID))
	default:
		return stray(line, "the reply has no id")
	}
	c.count(p)
	if p.Command.Op == OpHello && isCommand(line) {
		p.finish(Reply{}, errEcho)
		return nil
	}
	p.finish(p.Command.result(r))
	return nil
}

// hasID reports whether a JSON object has an id.
func hasID(line []byte) bool {
	var r struct{ ID *int64 }
	return json.Unmarshal(line, &r) == nil && r.ID != nil
}

// errEcho reports that a program prints what it reads, as cat does, and terminals.
var errEcho = errors.New("it printed the command itself back")

// isCommand reports whether a reply to hello is that command.
func isCommand(line []byte) bool {
	var m struct {
		Op   string
		Name *string
	}
	return json.Unmarshal(line, &m) == nil && m.Op == OpHello && m.Name == nil
}

// count counts the reply to a command.
func (c *Client) count(p *Pending) {
	switch p.Command.Op {
	case OpHello:
		return
	case OpSeen:
		took, average := int64(time.Since(p.Sent)), c.roundTrip.Load()
		if average == 0 {
			average = took
		}
		c.roundTrip.Store((7*average + took) / 8)
	case OpTicks:
	default:
		c.acts.Add(1)
	}
	c.replies.Add(1)
}

// Supported reports whether the adapter has replied to a command of this name anything but that it does not
// support it.
func (c *Client) Supported(op string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done[op]
}

// Acts returns how many commands the adapter has replied to that have the implementation do something. The
// others are hello, seen and ticks: their replies come whether or not it has done anything.
func (c *Client) Acts() int64 { return c.acts.Load() }

// RoundTrip returns how long the adapter takes to reply to the command seen, which has it do
// little; in an average over about eight replies, and 0 before the first.
func (c *Client) RoundTrip() time.Duration { return time.Duration(c.roundTrip.Load()) }

// Outstanding returns the commands that the adapter has not replied to, even if it has ended, in the order in which
// they were sent.
func (c *Client) Outstanding() []*Pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.waiting), func(p, q *Pending) int { return cmp.Compare(p.Command.ID, q.Command.ID) })
}

// whyNot returns why a line is not a reply or a command, in terms of JSON rather than of Go types.
func whyNot(what string, err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	if wrong.Field == "" {
		return fmt.Sprintf("it is %s %s; a %s must be an object", article(wrong.Value), wrong.Value, what)
	}
	switch wrong.Type {
	case reflect.TypeFor[Integer]():
		return fmt.Sprintf("its field %q is %s; it must be a string of decimal digits, like \"300\"", wrong.Field, wrong.Value)
	case reflect.TypeFor[Hex]():
		return fmt.Sprintf("its field %q is %s; it must be a string of hex digits, two per octet, like \"68656c6c6f\"", wrong.Field, wrong.Value)
	}
	wants := map[reflect.Kind]string{
		reflect.Struct: "an object", reflect.Slice: "a list", reflect.Bool: "true or false", reflect.String: "a string",
	}
	want := cmp.Or(wants[wrong.Type.Kind()], "a whole number")
	return fmt.Sprintf("its field %q is %s %s; it must be %s", wrong.Field, article(wrong.Value), wrong.Value, want)
}

// article returns the indefinite article of a word.
func article(word string) string {
	if strings.ContainsAny(word[:1], "aeiou") {
		return "an"
	}
	return "a"
}

// result returns the reply to m, or the error in it. A reply that lacks a field that the
// guide requires is an error too: nothing that is absent counts as zero.
func (m Message) result(r Reply) (Reply, error) {
	if r.Error == nil {
		return r, m.missing(r)
	}
	message := visible.Cut(r.Error.Message, maxMessage)
	if !slices.Contains(kinds, r.Error.Kind) {
		kind := visible.Cut(string(r.Error.Kind), maxName)
		return Reply{}, Errorf(Internal, "%s (the adapter replied the error kind %q; it must be %s)", message, kind, words.Join(kinds, "or"))
	}
	return Reply{}, &Error{Kind: r.Error.Kind, Message: message}
}

// stray returns a [StrayError] that keeps at most 200 bytes of the line, and of a reason that
// quotes it not much more.
func stray(line []byte, reason string) error {
	line = bytes.TrimSpace(line)
	object := bytes.HasPrefix(line, []byte("{")) && json.Valid(line)
	if len(line) > 200 {
		line = append(line[:200:200], "…"...)
	}
	return &StrayError{Line: string(line), Reason: visible.Cut(reason, maxName), Object: object}
}

// missing returns an error if r lacks a field that a reply to m must have.
func (m Message) missing(r Reply) error {
	var fields []string
	need := func(present bool, name string) {
		if !present {
			fields = append(fields, strconv.Quote(name))
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
	return Errorf(Internal, "the adapter's reply to %q lacks %s", m.Op, words.Join(fields, "and"))
}
