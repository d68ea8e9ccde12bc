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

// Serve runs an adapter: it runs the commands that it reads from in on impl and writes
// the replies to out, until in ends. Each command that may wait runs in a goroutine of
// its own, so that it delays no other. At the end Serve closes every connection.
func Serve(ctx context.Context, impl Implementation, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := NewServer(impl)
	defer s.Close()
	w := &replyWriter{out: out}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		var m Message
		switch err := json.Unmarshal(lines.Bytes(), &m); {
		case err != nil:
			w.write(Reply{ID: idOf(lines.Bytes()), Error: Errorf(Invalid, "the line is not a command: %s", whyNot("command", err))})
		case mayWait(m.Op):
			go func() { w.write(s.Do(ctx, m)) }()
		default:
			w.write(s.Do(ctx, m))
		}
	}
	return lines.Err()
}

// idOf returns the id in a line that is not a command, or 0.
func idOf(line []byte) int64 {
	var m struct{ ID int64 }
	_ = json.Unmarshal(line, &m)
	return m.ID
}

// mayWait reports whether a command may wait for the implementation or its peer.
func mayWait(op string) bool {
	switch op {
	case OpHello, OpEncode, OpDecode, OpEqual, OpString, OpRelease, OpSeen, OpTicks:
		return false
	}
	return true
}

// A replyWriter writes replies, one line each. Several goroutines may write.
type replyWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (w *replyWriter) write(r Reply) {
	line, err := json.Marshal(r)
	if err != nil {
		line, _ = json.Marshal(Reply{ID: r.ID, Error: Errorf(Internal, "%v", err)})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.out.Write(append(line, '\n')) // if the runner has gone, the commands end too
}

// A Server runs commands on an implementation and keeps its connections by name. Its
// methods may be called from several goroutines. Its owner ends it with Close.
type Server struct {
	impl Implementation

	mu    sync.Mutex
	conns map[string]*serverConn
}

// NewServer returns a server without connections.
func NewServer(impl Implementation) *Server {
	return &Server{impl: impl, conns: make(map[string]*serverConn)}
}

// Do runs one command and returns its reply. An open command opens the named pipes, or the socket.
func (s *Server) Do(ctx context.Context, m Message) Reply {
	r, err := s.do(ctx, m)
	if err != nil {
		r = Reply{Error: ErrorOf(err)}
	}
	r.ID = m.ID
	return r
}

func (s *Server) do(ctx context.Context, m Message) (Reply, error) {
	switch m.Op {
	case OpHello:
		h := s.impl.Hello()
		return Reply{Version: Version, Name: h.Name, Release: h.Release, Language: h.Language, Supports: h.Supports}, nil
	case OpEncode, OpDecode, OpEqual, OpString:
		return s.codec(m)
	case OpOpen:
		return Reply{}, s.openStreams(m)
	case OpClose, OpRequest, OpWait, OpDo, OpRelease, OpSeen, OpTicks, OpShutdown, OpJoin:
	default:
		return Reply{}, Errorf(Unsupported, "there is no command %q", m.Op)
	}
	conn, err := s.conn(m.Conn, m.Op == OpClose)
	if err != nil {
		return Reply{}, err
	}
	return conn.do(ctx, m)
}

func (s *Server) codec(m Message) (Reply, error) {
	switch {
	case m.Op == OpEncode && m.Packet != nil:
		octets, err := s.impl.Encode(*m.Packet)
		return Reply{Bytes: (*Hex)(&octets)}, err
	case m.Op == OpDecode && m.Bytes != nil:
		p, n, err := s.impl.Decode(*m.Bytes)
		return Reply{Packet: &p, Consumed: &n}, err
	case m.Op == OpEqual && m.A != nil && m.B != nil:
		equal, err := equal(s.impl, *m.A, *m.B)
		return Reply{Equal: &equal}, err
	case m.Op == OpString && m.Packet != nil:
		text, err := text(s.impl, *m.Packet)
		return Reply{String: &text}, err
	}
	return Reply{}, Errorf(Invalid, "%s lacks its packet or bytes", m.Op)
}

// openStreams runs an open command over the two named pipes, or the socket, that it names.
func (s *Server) openStreams(m Message) error {
	if m.Conn == "" || m.Socket == "" && (m.Recv == "" || m.Send == "") {
		return Errorf(Invalid, "open needs conn, recv and send, or conn and socket")
	}
	c, o, err := newServerConn(m)
	if err != nil {
		return err
	}
	recv, send, err := openBoth(m)
	if err != nil {
		return err
	}
	if err = s.open(recv, send, m, c, o); err != nil {
		_, _ = recv.Close(), send.Close()
	}
	return err
}

// openBoth opens the two named pipes, or connects to the socket, that an open command names.
func openBoth(m Message) (recv io.ReadCloser, send io.WriteCloser, err error) {
	if m.Socket != "" {
		return dial(m.Socket)
	}
	// Opening a named pipe waits until its other end is opened too. Both sides must
	// therefore open the same pipe first, or they deadlock.
	from, err := os.OpenFile(m.Recv, os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	to, err := os.OpenFile(m.Send, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, errors.Join(err, from.Close())
	}
	return from, to, nil
}

// Open runs an open command over two streams instead of the pipes that it names. The
// connection owns both and closes them; if Open fails, the caller closes them.
func (s *Server) Open(recv io.ReadCloser, send io.WriteCloser, m Message) error {
	c, o, err := newServerConn(m)
	if err != nil {
		return err
	}
	return s.open(recv, send, m, c, o)
}

func (s *Server) open(recv io.ReadCloser, send io.WriteCloser, m Message, c *serverConn, o OpenOptions) error {
	var h Handler
	if m.Handler != nil && *m.Handler {
		h = c.handler.handle
	}
	conn, err := s.impl.Open(recv, send, o, h)
	if err != nil {
		return err
	}
	c.Connection = conn
	close(c.opened)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[m.Conn] != nil {
		go func() { _ = c.close() }()
		return Errorf(Invalid, "connection %q is open already", m.Conn)
	}
	s.conns[m.Conn] = c
	return nil
}

// conn returns the connection with this name, and forgets it if forget is true. It does both
// under one lock, so that one of several commands close succeeds.
func (s *Server) conn(name string, forget bool) (*serverConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[name]
	if c == nil {
		return nil, Errorf(Invalid, "no connection %q is open", name)
	}
	if forget {
		delete(s.conns, name)
	}
	return c, nil
}

// Close closes every connection.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, c := range s.conns {
		delete(s.conns, name)
		_ = c.close()
	}
}

// A serverConn is a connection of a server.
type serverConn struct {
	Connection
	opened  chan struct{} // closed once Connection is set
	handler *standardHandler

	mu    sync.Mutex
	calls map[string]Call
	ticks []Hex
}

// newServerConn returns a connection that is yet to be opened, and how m opens it.
func newServerConn(m Message) (*serverConn, OpenOptions, error) {
	c := &serverConn{opened: make(chan struct{}), calls: make(map[string]Call)}
	c.handler = newStandardHandler(c.callPeer)
	o := OpenOptions{Grace: m.Grace, Name: m.Name}
	switch m.Tick {
	case "", TickNone:
	case TickRecord:
		o.Tick = c.recordTick
	case TickStderr:
		o.TickStderr = true
	default:
		return nil, o, Errorf(Invalid, "tick is %q; it must be %q, %q or %q", m.Tick, TickNone, TickRecord, TickStderr)
	}
	return c, o, nil
}

// callPeer sends a request of TypeBytes and returns its answer. The handler may call it
// before the implementation's Open has returned.
func (c *serverConn) callPeer(ctx context.Context, payload []byte) (Response, error) {
	<-c.opened
	call, err := c.Request(ctx, Request{RqType: TypeBytes.Integer(), Payload: payload})
	if err != nil {
		return Response{}, err
	}
	return call.Wait(ctx)
}

// close closes the connection and frees the handlers that wait at a gate.
func (c *serverConn) close() error {
	close(c.handler.closed)
	return c.Close()
}

func (c *serverConn) recordTick(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ticks = append(c.ticks, append(Hex(nil), b...))
}

func (c *serverConn) do(ctx context.Context, m Message) (Reply, error) {
	switch m.Op {
	case OpClose:
		return Reply{}, c.close()
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
		c.handler.release(m.Gate)
		return Reply{}, nil
	case OpSeen:
		calls := c.handler.calls()
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

func (c *serverConn) submit(ctx context.Context, m Message) (Call, error) {
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

func (c *serverConn) request(ctx context.Context, m Message) error {
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
