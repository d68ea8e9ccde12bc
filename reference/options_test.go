package reference_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/reference"
)

// A ticker records the ticks of the receiver and of the sender, each in order.
type ticker struct {
	mu               sync.Mutex
	receiver, sender strings.Builder
}

func (k *ticker) tick(octets []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	to := &k.sender
	if string(octets) == "<" {
		to = &k.receiver
	}
	to.WriteString(string(octets) + " ")
}

func (k *ticker) check(t *testing.T, receiver, sender string) {
	t.Helper()
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	check(t, "ticks of the receiver", strings.TrimSpace(k.receiver.String()), receiver)
	check(t, "ticks of the sender", strings.TrimSpace(k.sender.String()), sender)
}

func TestTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &ticker{}
		c, p := connect(t, none, reference.WithTick(k.tick))
		k.check(t, "<", "")
		call := request(t, c, reference.Request{})
		k.check(t, "<", ">")
		p.send("02 01 04")
		checkAnswer(t, call, `ok=true flags=0x0 payload=""`)
		k.check(t, "< <", ">")
		p.send(rq1)
		k.check(t, "< < <", "> >")
		p.send(eof)
		k.check(t, "< < <", "> > >")
	})
}

func TestNoTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, none, reference.WithTick(nil))
		p.send(rq1)
		p.expect("02 01 04")
	})
}

func TestTickFD2WritesToStandardError(t *testing.T) {
	r, w, err := os.Pipe()
	checkErr(t, "Pipe", err, nil)
	defer func(was *os.File) { os.Stderr = was }(os.Stderr)
	os.Stderr = w
	reference.TickFD2([]byte("Sg"))
	_ = w.Close()
	got := make([]byte, 10)
	n, _ := r.Read(got)
	check(t, "standard error", string(got[:n]), "Sg")
	_ = r.Close()
}

func TestName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := connect(t, nil, reference.WithName("east"))
		check(t, "Name", c.Name(), "east")
	})
}

// The logger gets what the connection survives, with the connection's name.
func TestLog(t *testing.T) {
	type logged struct {
		octets string
		want   []string
	}
	each(t, map[string]logged{
		"response to nothing":  {"03 07 05 09", []string{"no pending request", "channel=9", "tag=7"}},
		"malformed EOF":        {"03 01 02 00", []string{"stream ended", "EOF packet"}},
		"cut":                  {"05 01", []string{"stream ended", "cut"}},
		"panic":                {rq1, []string{"handler panicked", "a secret", "options_test.go"}}, // with its stack
		"responses to nothing": {strings.Repeat("02 01 04", 1000), []string{"no pending request"}},
		"EOF":                  {eof, nil},
	}, func(t *testing.T, c logged) {
		var log bytes.Buffer
		_, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) { panic("a secret") },
			reference.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))), reference.WithName("east"))
		p.send(c.octets)
		synctest.Wait()
		_ = p.out.Close()
		synctest.Wait()
		for _, want := range c.want {
			if !strings.Contains(log.String(), want) {
				t.Errorf("log: got %q, expected it to say %q", log.String(), want)
			}
		}
		check(t, "log names the connection", strings.Contains(log.String(), "connection=east"), c.want != nil)
		check(t, "records are few", strings.Count(log.String(), "\n") < 6, true)
	})
}

// The connection's own Close is no event to log.
func TestCloseIsNotLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		debug := &slog.HandlerOptions{Level: slog.LevelDebug}
		c, _ := connect(t, nil, reference.WithLogger(slog.New(slog.NewTextHandler(&log, debug))))
		checkErr(t, "Close", c.Close(), nil)
		checkErr(t, "Join", c.Join(ctx), reference.ErrClosed)
		check(t, "log", log.String(), "")
	})
}

// Without a logger, a panic is logged by slog's default.
func TestDefaultLogger(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) { panic("a secret") })
		p.send(rq1)
		p.expectFailure(1)
	})
	check(t, "log shows the panic", strings.Contains(log.String(), "a secret"), true)
}

func TestNoLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) {
			panic("logged nowhere")
		}, reference.WithLogger(nil))
		p.send("02 09 04" + rq1) // an answer to no request
		p.expectFailure(1)
	})
}
