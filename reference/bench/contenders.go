package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/ttrpc"
	"github.com/hashicorp/yamux"
	"github.com/sourcegraph/jsonrpc2"
	"github.com/xtaci/smux"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"storj.io/drpc"
	"storj.io/drpc/drpcconn"
	"storj.io/drpc/drpcserver"

	packets "github.com/packetspec/packetspec/reference"
)

// A contender echoes payloads.
type contender struct {
	name   string
	serve  func(net.Conn)                       // until the connection ends
	client func(net.Conn, load) (runner, error) // used once, for one load
}

// A runner sends requests until a time, and returns how many were answered and how long
// they took.
type runner func(until time.Time) (n int, took time.Duration, err error)

// reference is the name of the contender that the others are compared with.
const reference = "reference"

var contenders = []contender{
	{"raw stream", serveRaw, clientOfRaw},
	{reference, serveReference, clientOfReference},
	{"net/rpc (gob)", func(conn net.Conn) { rpcServer().ServeConn(conn) }, func(conn net.Conn, l load) (runner, error) {
		return rpcClient(rpc.NewClient(conn), l), nil
	}},
	{"net/rpc (JSON)", func(conn net.Conn) { rpcServer().ServeCodec(jsonrpc.NewServerCodec(conn)) }, func(conn net.Conn, l load) (runner, error) {
		return rpcClient(jsonrpc.NewClient(conn), l), nil
	}},
	{"ttrpc", serveTTRPC, func(conn net.Conn, l load) (runner, error) {
		c := ttrpc.NewClient(conn)
		return workers(l, func(_ int, payload []byte) error {
			var out wrapperspb.BytesValue
			err := c.Call(context.Background(), "echo", "Echo", wrapperspb.Bytes(payload), &out)
			return echoed(out.GetValue(), payload, err)
		}), nil
	}},
	{"yamux (framed)", func(conn net.Conn) {
		session, err := yamux.Server(conn, yamuxConfig())
		for err == nil {
			var stream net.Conn
			if stream, err = session.Accept(); err == nil {
				go serveFrames(stream)
			}
		}
	}, func(conn net.Conn, l load) (runner, error) {
		session, err := yamux.Client(conn, yamuxConfig())
		if err != nil {
			return nil, err
		}
		return framed(l, func() (io.ReadWriter, error) { return session.Open() })
	}},
	{"smux (framed)", func(conn net.Conn) {
		session, err := smux.Server(conn, smuxConfig())
		for err == nil {
			var stream *smux.Stream
			if stream, err = session.AcceptStream(); err == nil {
				go serveFrames(stream)
			}
		}
	}, func(conn net.Conn, l load) (runner, error) {
		session, err := smux.Client(conn, smuxConfig())
		if err != nil {
			return nil, err
		}
		return framed(l, func() (io.ReadWriter, error) { return session.OpenStream() })
	}},
	{"drpc", func(conn net.Conn) {
		_ = drpcserver.New(drpcEcho{}).ServeOne(context.Background(), conn)
	}, func(conn net.Conn, l load) (runner, error) {
		c := drpcconn.New(conn)
		return workers(l, func(_ int, payload []byte) error {
			var out []byte
			err := c.Invoke(context.Background(), "echo", rawDRPC{}, &payload, &out)
			return echoed(out, payload, err)
		}), nil
	}},
	{"grpc-go (raw codec)", serveGRPC, clientOfGRPC},
	{"jsonrpc2", func(conn net.Conn) {
		echo := jsonrpc2.HandlerWithError(func(_ context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) (any, error) { return r.Params, nil })
		<-jsonrpc2.NewConn(context.Background(), jsonStream(conn), jsonrpc2.AsyncHandler(echo), silent).DisconnectNotify()
	}, func(conn net.Conn, l load) (runner, error) {
		c := jsonrpc2.NewConn(context.Background(), jsonStream(conn), jsonrpc2.HandlerWithError(nil), silent)
		return workers(l, func(_ int, payload []byte) error {
			var out []byte
			err := c.Call(context.Background(), "echo", payload, &out)
			return echoed(out, payload, err)
		}), nil
	}},
}

// crowdedReference is the name of the reference with room for the pending requests of any load.
const crowdedReference = "reference, crowded"

func serveReference(conn net.Conn) { echoPackets(conn) }

func serveCrowded(conn net.Conn) {
	echoPackets(conn, packets.WithHandlers(1<<20), packets.WithBacklog(1<<30))
}

// echoPackets echoes. It does not answer requests of type 1.
func echoPackets(conn net.Conn, opts ...packets.Option) {
	recv, send := halves(conn)
	c := packets.New(recv, send, func(ctx context.Context, r packets.Request) (packets.Reply, error) {
		if r.Type == 1 {
			<-ctx.Done()
		}
		return packets.Reply{Payload: r.Payload}, nil
	}, append(opts, packets.WithGrace(0))...)
	_ = c.Join(context.Background())
}

func clientOfReference(conn net.Conn, l load) (runner, error) {
	recv, send := halves(conn)
	c := packets.New(recv, send, nil, packets.WithGrace(0))
	for range l.pending {
		if _, err := c.Request(context.Background(), packets.Request{Type: 1}); err != nil {
			return nil, err
		}
	}
	return workers(l, func(_ int, payload []byte) error {
		r, err := c.Do(context.Background(), packets.Request{Payload: payload})
		return echoed(r.Payload, payload, err)
	}), nil
}

func find(name string) contender {
	if name == crowdedReference {
		return contender{name, serveCrowded, clientOfReference}
	}
	return contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.name == name })]
}

// workers returns a runner that keeps requests in flight by one goroutine each.
func workers(l load, call func(worker int, payload []byte) error) runner {
	return func(until time.Time) (int, time.Duration, error) {
		var (
			all   sync.WaitGroup
			n     atomic.Int64
			over  atomic.Bool
			mu    sync.Mutex
			first error
		)
		start := time.Now()
		timer := time.AfterFunc(time.Until(until), func() { over.Store(true) })
		defer timer.Stop()
		for worker := range l.inFlight {
			all.Go(func() {
				payload := make([]byte, l.size)
				done := 0
				for !over.Load() {
					if err := call(worker, payload); err != nil {
						mu.Lock()
						first = errors.Join(first, err)
						mu.Unlock()
						break
					}
					done++
				}
				n.Add(int64(done))
			})
		}
		all.Wait()
		return int(n.Load()), time.Since(start), first
	}
}

func echoed(got, sent []byte, err error) error {
	if err == nil && len(got) != len(sent) {
		err = fmt.Errorf("%d octets came back, not %d", len(got), len(sent))
	}
	return err
}

// halves returns the two streams of a connection as a program would have them: the files of
// two pipes, or a socket.
func halves(conn net.Conn) (io.Reader, io.Writer) {
	if d, ok := conn.(duplex); ok {
		return d.recv, d.send
	}
	return conn, conn
}

func serveRaw(conn net.Conn) { _, _ = io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn}) }

// clientOfRaw returns a runner that writes and reads octets, without a protocol.
func clientOfRaw(conn net.Conn, l load) (runner, error) {
	return func(until time.Time) (n int, took time.Duration, err error) {
		payload, answer := make([]byte, l.size), make([]byte, l.size)
		room, begun := make(chan struct{}, l.inFlight), make(chan struct{}, l.inFlight)
		start := time.Now()
		if l.inFlight == 1 {
			for ; err == nil && time.Now().Before(until); n++ {
				if _, err = conn.Write(payload); err == nil {
					_, err = io.ReadFull(conn, answer)
				}
			}
			return n, time.Since(start), err
		}
		go func() {
			defer close(begun)
			for time.Now().Before(until) {
				room <- struct{}{}
				begun <- struct{}{} // before it is written: the reader must make room for it
				if _, err := conn.Write(payload); err != nil {
					return
				}
			}
		}()
		for range begun {
			if _, err := io.ReadFull(conn, answer); err != nil {
				return n, time.Since(start), err
			}
			<-room
			n++
		}
		return n, time.Since(start), nil
	}, nil
}

// An RPCEcho is the service of net/rpc.
type RPCEcho struct{}

// Echo returns what it gets.
func (RPCEcho) Echo(in []byte, out *[]byte) error { *out = in; return nil }

func rpcServer() *rpc.Server {
	s := rpc.NewServer()
	if err := s.Register(RPCEcho{}); err != nil {
		panic(err)
	}
	return s
}

func rpcClient(c *rpc.Client, l load) runner {
	return workers(l, func(_ int, payload []byte) error {
		var out []byte
		err := c.Call("RPCEcho.Echo", payload, &out)
		return echoed(out, payload, err)
	})
}

func serveTTRPC(conn net.Conn) {
	s, err := ttrpc.NewServer()
	if err != nil {
		panic(err)
	}
	s.Register("echo", map[string]ttrpc.Method{"Echo": func(_ context.Context, decode func(any) error) (any, error) {
		var in wrapperspb.BytesValue
		err := decode(&in)
		return &in, err
	}})
	_ = s.Serve(context.Background(), listen(conn))
}

// Windows hold several of the largest payloads, so that no contender waits for them.
const window = 16 << 20

func yamuxConfig() *yamux.Config {
	c := yamux.DefaultConfig()
	c.EnableKeepAlive, c.MaxStreamWindowSize, c.LogOutput = false, window, io.Discard
	return c
}

func smuxConfig() *smux.Config {
	c := smux.DefaultConfig()
	c.Version, c.KeepAliveDisabled, c.MaxFrameSize, c.MaxReceiveBuffer, c.MaxStreamBuffer = 2, true, 65535, 4*window, window
	return c
}

// serveFrames echoes frames: four octets of length, and the payload.
func serveFrames(stream io.ReadWriter) {
	var frame []byte
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(stream, head); err != nil {
			return
		}
		frame = append(frame[:0], head...)
		frame = slices.Grow(frame, int(binary.BigEndian.Uint32(head)))
		frame = frame[:4+binary.BigEndian.Uint32(head)]
		if _, err := io.ReadFull(stream, frame[4:]); err != nil {
			return
		}
		if _, err := stream.Write(frame); err != nil {
			return
		}
	}
}

// framed returns a runner with a stream for each request in flight.
func framed(l load, open func() (io.ReadWriter, error)) (runner, error) {
	streams := make([]io.ReadWriter, l.inFlight)
	for i := range streams {
		var err error
		if streams[i], err = open(); err != nil {
			return nil, err
		}
	}
	frames := make([][]byte, l.inFlight)
	return workers(l, func(worker int, payload []byte) error {
		frames[worker] = append(binary.BigEndian.AppendUint32(frames[worker][:0], uint32(len(payload))), payload...)
		if _, err := streams[worker].Write(frames[worker]); err != nil {
			return err
		}
		_, err := io.ReadFull(streams[worker], frames[worker])
		return err
	}), nil
}

type rawDRPC struct{}

func (rawDRPC) Marshal(m drpc.Message) ([]byte, error)   { return *m.(*[]byte), nil }
func (rawDRPC) Unmarshal(b []byte, m drpc.Message) error { *m.(*[]byte) = slices.Clone(b); return nil }

type drpcEcho struct{}

func (drpcEcho) HandleRPC(stream drpc.Stream, _ string) error {
	var payload []byte
	if err := stream.MsgRecv(&payload, rawDRPC{}); err != nil {
		return err
	}
	return errors.Join(stream.MsgSend(&payload, rawDRPC{}), stream.CloseSend())
}

type rawGRPC struct{}

func (rawGRPC) Name() string { return "raw" }
func (rawGRPC) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}
func (rawGRPC) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

func serveGRPC(conn net.Conn) {
	s := grpc.NewServer(grpc.ForceServerCodecV2(rawGRPC{}), grpc.MaxRecvMsgSize(window), grpc.MaxSendMsgSize(window),
		grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(4*window))
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "echo", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Echo",
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var payload []byte
			err := decode(&payload)
			return &payload, err
		},
	}}}, nil)
	_ = s.Serve(listen(conn))
}

func clientOfGRPC(conn net.Conn, l load) (runner, error) {
	c, err := grpc.NewClient("passthrough:///echo",
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return conn, nil }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawGRPC{}), grpc.MaxCallRecvMsgSize(window), grpc.MaxCallSendMsgSize(window)),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(4*window))
	if err != nil {
		return nil, err
	}
	return workers(l, func(_ int, payload []byte) error {
		var out []byte
		err := c.Invoke(context.Background(), "/echo/Echo", &payload, &out)
		return echoed(out, payload, err)
	}), nil
}

// silent keeps the end of a connection out of the log.
var silent = jsonrpc2.SetLogger(log.New(io.Discard, "", 0))

func jsonStream(conn net.Conn) jsonrpc2.ObjectStream {
	return jsonrpc2.NewBufferedStream(conn, jsonrpc2.VarintObjectCodec{})
}
