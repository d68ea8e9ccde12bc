package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A wired is a relay at work, with the other ends of its streams.
type wired struct {
	relay *Relay
	in    [2]*os.File // what each side sends
	out   [2]*os.File // what each side receives
	ended chan struct{}
	stop  context.CancelFunc
}

// wire starts a relay between four pipes.
func wire(t testing.TB, o Options, recorder *Recorder) *wired {
	t.Helper()
	w := &wired{relay: &Relay{Judge: NewJudge(o, time.Now()), Recorder: recorder}, ended: make(chan struct{})}
	for i := range w.in {
		source, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out, sink, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		w.in[i], w.out[i], w.relay.Ends[i] = in, out, Endpoint{PipeEnd{source}, PipeEnd{sink}}
	}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(context.Background())
	go func() {
		w.relay.Run(ctx)
		close(w.ended)
	}()
	t.Cleanup(func() {
		w.stop()
		for i := range w.in {
			_, _ = w.in[i].Close(), w.out[i].Close()
		}
		<-w.ended
	})
	return w
}

func (w *wired) report() (r *Report) {
	w.relay.With(func(j *Judge) { r = j.Report(time.Now()) })
	return r
}

// TestRelay requires octets to arrive unchanged in both directions, also those that are no packets, and each end of
// a stream to be passed on without the other. The recording has them all.
func TestRelay(t *testing.T) {
	var recording bytes.Buffer
	recorder := NewRecorder(&recording, RecorderOptions{Names: testOptions().Names, Limit: 1 << 30}, time.Now())
	w := wire(t, testOptions(), recorder)
	for i, text := range []string{"\x03\x01\x02\x03" + strings.Repeat("\xff", 300_000), "\x02\x01\x04\x03\x00\x02\x00"} {
		go func() {
			_, _ = io.WriteString(w.in[i], text)
			_ = w.in[i].Close()
		}()
		got, err := io.ReadAll(w.out[1-i]) // to its end, while the other direction is open
		if string(got) != text || err != nil {
			t.Errorf("side %d: got %d octets and the error %v, expected %d", i, len(got), err, len(text))
		}
	}
	<-w.ended
	if err := recorder.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(recording.String(), "ff"); n != 300_000 || strings.Count(recording.String(), `"ending":"closed"`) != 2 {
		t.Errorf("the recording has %d of the octets", n)
	}
	if r := w.report(); r.Sides[Left].Octets != 300_004 || fmt.Sprint(summary(r)) != "[left EOS-4 cut inside a packet]" {
		t.Errorf("got %+v, %q", r.Sides, summary(r))
	}
}

// TestReceiverLeaves requires a side that closes its receiving stream to make the writes of the other fail, and
// neither to be blamed for what could not be sent.
func TestReceiverLeaves(t *testing.T) {
	w := wire(t, testOptions(), nil)
	_ = w.out[Right].Close()
	var err error
	for err == nil {
		_, err = w.in[Left].Write([]byte{5, 1, 2, 3, 4, 5})
	}
	if !errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v", err)
	}
	_ = w.in[Left].Close()
	_, _ = w.in[Right].Write([]byte{3, 0, 2, 0})
	_ = w.in[Right].Close()
	<-w.ended
	for _, f := range w.report().Findings {
		if f.Kind != "tag does not count" && f.Kind != "tag in use" {
			t.Errorf("got %+v", f)
		}
	}
}

// TestReceiverPauses requires a side that does not read to block nothing but its own direction.
func TestReceiverPauses(t *testing.T) {
	w := wire(t, testOptions(), nil)
	blocked := make(chan struct{})
	go func() {
		defer close(blocked)
		_, _ = w.in[Left].Write(make([]byte, 1<<20)) // more than all the pipes hold
	}()
	go func() {
		for range 100 {
			_, _ = w.in[Right].Write(make([]byte, 1<<16))
		}
	}()
	if n, err := io.ReadFull(w.out[Left], make([]byte, 100<<16)); err != nil {
		t.Errorf("got %d octets, and the error %v", n, err)
	}
	select {
	case <-blocked:
		t.Error("the relay took 1 MiB that nobody reads")
	default:
	}
	w.stop()
	<-blocked
	<-w.ended
	if r := w.report(); r.Sides[Left].Ending != Stopped {
		t.Errorf("got %+v", r.Sides)
	}
}

// TestSockets requires ends of streams to be passed on between sockets.
func TestSockets(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = t.TempDir() + "/s"
			}
			l, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			connect := func() (here, there Socket) {
				dialled, err := net.Dial(network, l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				accepted, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				return dialled.(Socket), accepted.(Socket)
			}
			left, a := connect()
			right, b := connect()
			r := &Relay{Judge: NewJudge(testOptions(), time.Now()), Ends: [2]Endpoint{{a, a}, {b, b}}}
			ended := make(chan struct{})
			go func() {
				r.Run(context.Background())
				close(ended)
			}()
			eof := []byte{3, 0, 2, 0}
			_, _ = left.Write(eof)
			_ = left.CloseWrite()
			if got, err := io.ReadAll(right); !bytes.Equal(got, eof) || err != nil {
				t.Errorf("got %x and the error %v", got, err)
			}
			_, _ = right.Write(eof)
			_ = right.Close()
			if got, err := io.ReadAll(left); !bytes.Equal(got, eof) || err != nil {
				t.Errorf("got %x and the error %v", got, err)
			}
			_ = left.Close()
			<-ended
			if found := summary(r.Judge.Report(time.Now())); found != nil {
				t.Errorf("found %q", found)
			}
		})
	}
}

// TestMemory requires the memory of a relay not to depend on what passes through it: one packet of a gibibyte, and
// garbage.
func TestMemory(t *testing.T) {
	size := 1 << 30
	if testing.Short() {
		size = 1 << 26
	}
	for name, head := range map[string][]byte{
		"a large packet":       {0x84, 0x80, 0x80, 0x80, 0x05, 1, 2, 3},
		"a packet without end": {0x90, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 1, 2, 3},
		"a length without end": {0x80},
	} {
		t.Run(name, func(t *testing.T) {
			w := wire(t, testOptions(), nil)
			go func() {
				_, _ = w.in[Left].Write(head)
				piece := bytes.Repeat([]byte{0x80}, 1<<16)
				for range size / len(piece) {
					_, _ = w.in[Left].Write(piece)
				}
				_ = w.in[Left].Close()
			}()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n, err := io.Copy(io.Discard, w.out[Right])
			runtime.ReadMemStats(&after)
			if want := int64(len(head) + size); n != want || err != nil {
				t.Errorf("got %d octets and the error %v, expected %d", n, err, want)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
				t.Errorf("%d bytes were allocated", grown)
			}
		})
	}
}
