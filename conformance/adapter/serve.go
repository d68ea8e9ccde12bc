package adapter

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
)

// Serve is an adapter: it carries out the commands from in on impl and writes the
// replies to out, until in ends. Each command has a goroutine of its own, so that
// one that takes long holds no other up. Connections left open are closed.
func Serve(ctx context.Context, impl Implementation, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{impl: impl, ctx: ctx, out: out, conns: make(map[string]*served)}
	defer s.closeAll()
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		var m Message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			s.reply(Reply{ID: idOf(lines.Bytes()), Error: Errorf(Invalid, "not a command: %v", err)})
			continue
		}
		if quick(m.Op) {
			s.serve(m)
			continue
		}
		go s.serve(m)
	}
	return lines.Err()
}

// idOf is the id of a line that is no command otherwise, or 0.
func idOf(line []byte) int64 {
	var m struct{ ID int64 }
	_ = json.Unmarshal(line, &m)
	return m.ID
}

// quick commands never wait for anything, and so need no goroutine.
func quick(op string) bool {
	switch op {
	case OpHello, OpEncode, OpDecode, OpEqual, OpString, OpRelease, OpSeen, OpTicks:
		return true
	}
	return false
}

type server struct {
	impl Implementation
	ctx  context.Context

	mu    sync.Mutex // of what follows
	out   io.Writer
	conns map[string]*served
}

// served is one connection under test.
type served struct {
	Connection
	desk *desk

	mu    sync.Mutex
	calls map[string]Call
	ticks []Hex
}

func (s *server) serve(m Message) {
	r, err := s.carryOut(m)
	if err != nil {
		r = Reply{Error: Errorf(KindOf(err), "%s", message(err))}
	}
	r.ID = m.ID
	s.reply(r)
}

// message is an error's text without the kind that the reply carries beside it.
func message(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

func (s *server) reply(r Reply) {
	line, err := json.Marshal(r)
	if err != nil {
		line, _ = json.Marshal(Reply{ID: r.ID, Error: Errorf(Internal, "%v", err)})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.out.Write(append(line, '\n')) // a runner that is gone shows at the end of in
}

func (s *server) carryOut(m Message) (Reply, error) {
	switch m.Op {
	case OpHello:
		h := s.impl.Hello()
		return Reply{Version: Version, Name: h.Name, Release: h.Release, Language: h.Language, Supports: h.Supports}, nil
	case OpEncode, OpDecode, OpEqual, OpString:
		return s.codec(m)
	case OpOpen:
		return Reply{}, s.open(m)
	case OpClose:
		return Reply{}, s.close(m.Conn)
	case OpRequest, OpWait, OpDo, OpRelease, OpSeen, OpTicks, OpShutdown, OpJoin:
	default:
		return Reply{}, Errorf(Unsupported, "no command %q", m.Op)
	}
	conn, err := s.conn(m.Conn)
	if err != nil {
		return Reply{}, err
	}
	return conn.carryOut(s.ctx, m)
}

func (s *server) codec(m Message) (Reply, error) {
	switch {
	case m.Op == OpEncode && m.Packet != nil:
		octets, err := s.impl.Encode(*m.Packet)
		return Reply{Bytes: (*Hex)(&octets)}, err
	case m.Op == OpDecode && m.Bytes != nil:
		p, n, err := s.impl.Decode(*m.Bytes)
		return Reply{Packet: &p, Consumed: &n}, err
	case m.Op == OpEqual && m.A != nil && m.B != nil:
		if i, ok := s.impl.(Equaler); ok {
			equal, err := i.Equal(*m.A, *m.B)
			return Reply{Equal: &equal}, err
		}
		return Reply{}, Errorf(Unsupported, "no equality")
	case m.Op == OpString && m.Packet != nil:
		if i, ok := s.impl.(Stringer); ok {
			text, err := i.String(*m.Packet)
			return Reply{String: &text}, err
		}
		return Reply{}, Errorf(Unsupported, "no text form")
	}
	return Reply{}, Errorf(Invalid, "%s lacks its packet or bytes", m.Op)
}

func (s *server) open(m Message) error {
	if m.Conn == "" || m.Recv == "" || m.Send == "" {
		return Errorf(Invalid, "open needs conn, recv and send")
	}
	c := &served{desk: newDesk(), calls: make(map[string]Call)}
	o := OpenOptions{Grace: m.Grace, Name: m.Name}
	switch m.Tick {
	case "", TickNone:
	case TickRecord:
		o.Tick = c.tick
	case TickStderr:
		o.TickStderr = true
	default:
		return Errorf(Invalid, "tick %q is none of %q, %q, %q", m.Tick, TickNone, TickRecord, TickStderr)
	}
	var handler Handler
	opened := make(chan struct{}) // a request may come before Open has returned
	if m.Handler != nil && *m.Handler {
		handler = c.desk.handle
	}
	c.desk.call = func(ctx context.Context, payload []byte) (Response, error) {
		<-opened
		call, err := c.Request(ctx, Request{RqType: TypeBytes, Payload: payload})
		if err != nil {
			return Response{}, err
		}
		return call.Wait(ctx)
	}
	recv, send, err := openPipes(m.Recv, m.Send)
	if err != nil {
		return err
	}
	conn, err := s.impl.Open(recv, send, o, handler)
	if err != nil {
		_, _ = recv.Close(), send.Close()
		return err
	}
	c.Connection = conn
	close(opened)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[m.Conn] != nil {
		go func() { _ = c.forget() }()
		return Errorf(Invalid, "connection %q is open already", m.Conn)
	}
	s.conns[m.Conn] = c
	return nil
}

// openPipes opens two named pipes, the one to read first. Opening one waits until its
// other end is opened too, so both sides must keep this order, or they deadlock.
func openPipes(recvPath, sendPath string) (recv, send *os.File, err error) {
	if recv, err = os.OpenFile(recvPath, os.O_RDONLY, 0); err != nil {
		return nil, nil, err
	}
	if send, err = os.OpenFile(sendPath, os.O_WRONLY, 0); err != nil {
		return nil, nil, errors.Join(err, recv.Close())
	}
	return recv, send, nil
}

func (s *server) conn(name string) (*served, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(name)
}

// find is conn, for those who hold s.mu.
func (s *server) find(name string) (*served, error) {
	c := s.conns[name]
	if c == nil {
		return nil, Errorf(Invalid, "no connection %q is open", name)
	}
	return c, nil
}

func (s *server) close(name string) error {
	s.mu.Lock()
	c, err := s.find(name)
	delete(s.conns, name) // in one with find: of several closes one closes
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return c.forget()
}

func (s *server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, c := range s.conns {
		delete(s.conns, name)
		_ = c.forget()
	}
}

// forget closes the connection and lets held handlers go.
func (c *served) forget() error {
	close(c.desk.closed)
	return c.Close()
}

func (c *served) tick(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ticks = append(c.ticks, append(Hex(nil), b...))
}

func (c *served) carryOut(ctx context.Context, m Message) (Reply, error) {
	switch m.Op {
	case OpRequest:
		return Reply{}, c.request(ctx, m)
	case OpWait:
		c.mu.Lock()
		call := c.calls[m.Call]
		c.mu.Unlock()
		if call == nil {
			return Reply{}, Errorf(Invalid, "no call %q was requested", m.Call)
		}
		return answer(call.Wait(ctx))
	case OpDo:
		call, err := c.submit(ctx, m)
		if err != nil {
			return Reply{}, err
		}
		return answer(call.Wait(ctx))
	case OpRelease:
		c.desk.release(m.Gate)
		return Reply{}, nil
	case OpSeen:
		calls := c.desk.calls()
		if calls == nil {
			calls = []Seen{}
		}
		return Reply{Calls: &calls}, nil
	case OpTicks:
		c.mu.Lock()
		defer c.mu.Unlock()
		ticks := append([]Hex{}, c.ticks...)
		return Reply{Ticks: &ticks}, nil
	case OpShutdown:
		return Reply{}, c.Shutdown(m.Block != nil && *m.Block)
	default: // OpJoin
		ended, err := c.Join()
		return Reply{Ended: ended}, err
	}
}

func (c *served) submit(ctx context.Context, m Message) (Call, error) {
	if m.RqType == "" {
		return nil, Errorf(Invalid, "%s needs rq_type", m.Op)
	}
	decode, err := decoder(m.Decode)
	if err != nil {
		return nil, err
	}
	return c.Request(ctx, Request{
		RqType: m.RqType, Flags: m.Flags, Channel: m.Channel, Payload: m.Payload, Decode: decode,
	})
}

func (c *served) request(ctx context.Context, m Message) error {
	if m.Call == "" {
		return Errorf(Invalid, "request needs call")
	}
	call, err := c.submit(ctx, m)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls[m.Call] != nil {
		return Errorf(Invalid, "call %q was requested already", m.Call)
	}
	c.calls[m.Call] = call
	return nil
}

func answer(r Response, err error) (Reply, error) {
	payload := Hex(r.Payload)
	return Reply{OK: &r.OK, Flags: cmp.Or(r.Flags, "0"), Payload: &payload}, err
}
