package steps

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// quiet serves as an adapter that replies to every command but wait and join.
func quiet(_ context.Context, commands io.Reader, replies io.Writer) error {
	for lines := bufio.NewScanner(commands); lines.Scan(); {
		var m adapter.Message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return err
		}
		if m.Op != adapter.OpWait && m.Op != adapter.OpJoin {
			_, _ = fmt.Fprintf(replies, `{"id":%d,"version":1,"name":"quiet","calls":[]}`+"\n", m.ID)
		}
	}
	return nil
}

// startQuiet returns a session with such an adapter. By its clock, time passes only while every
// goroutine waits.
func startQuiet(t *testing.T) *adapter.Session {
	s, err := adapter.Func(quiet).Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const testTimeout = 5 * time.Second

// lasts returns how long a scenario lasts in which act is called every second.
func lasts(s *adapter.Session, act func(d *watchdog)) (time.Duration, *watchdog) {
	began := time.Now()
	d := watch(context.Background(), s, testTimeout)
	for {
		select {
		case <-d.ctx.Done():
			return time.Since(began), d
		case <-time.After(time.Second):
			act(d)
		}
	}
}

// TestWatchdog ends scenarios that hang in one way each: within twice the timeout, unless something
// useful comes, and then within 20 times the timeout.
func TestWatchdog(t *testing.T) {
	send := func(d *watchdog, op string) { d.client.Send(adapter.Message{Op: op}) }
	for name, c := range map[string]struct {
		act  func(d *watchdog)
		want time.Duration
		says string
	}{
		"silence":                    {func(*watchdog) {}, testTimeout, "nothing for 5.0s (--timeout 5s)"},
		"replies that nobody awaits": {func(d *watchdog) { send(d, adapter.OpEncode) }, testTimeout, "nothing that the step awaits for 5.0s (--timeout 5s), although something came "},
		"replies to seen":            {func(d *watchdog) { send(d, adapter.OpSeen) }, testTimeout, "nothing for 5.0s"},
		"what a step awaits":         {(*watchdog).served, 20 * testTimeout, "the scenario took 100.0s, 20 times --timeout 5s"},
		"an answer that changes":     {(*watchdog).answerChanged, 20 * testTimeout, "the scenario took 100.0s"},
		"replies while a step polls": {func(d *watchdog) {
			defer d.during(regardTraffic)()
			d.served()
		}, testTimeout, "nothing for 5.0s"},
		"the step's own attempts": {func(d *watchdog) {
			d.during(regardNothing)
			send(d, adapter.OpRequest)
			d.served()
			d.answerChanged()
		}, testTimeout, "nothing for "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startQuiet(t)
				defer s.Kill()
				took, d := lasts(s, c.act)
				if took < c.want || took > c.want+2*time.Second {
					t.Errorf("it ended after %v, expected %v", took, c.want)
				}
				if got := d.describe(func(string) bool { return false }); !strings.HasPrefix(got, c.says) {
					t.Errorf("got %q, expected it to begin with %q", got, c.says)
				}
				if !errors.Is(context.Cause(d.ctx), ErrTimeout) {
					t.Errorf("got the cause %v, expected ErrTimeout", context.Cause(d.ctx))
				}
			})
		})
	}
}

// TestWatchdogOfAStarvedSubject does not count the time in which the subject waits for a CPU, unless it
// keeps one busy itself.
func TestWatchdogOfAStarvedSubject(t *testing.T) {
	for name, c := range map[string]struct {
		ran, waited float64 // of each second
		want        time.Duration
	}{
		"idle":                     {0, 0, testTimeout},
		"starved":                  {0.01, 0.99, 20 * testTimeout},
		"half starved":             {0.5, 0.5, 8 * time.Second},
		"busy on its own":          {2, 3, testTimeout},
		"busy, and rarely waiting": {1, 0.001, testTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startQuiet(t)
				defer s.Kill()
				began := time.Now()
				s.CPU = func() (adapter.CPUTime, bool) {
					d := float64(time.Since(began))
					return adapter.CPUTime{Ran: time.Duration(c.ran * d), Waited: time.Duration(c.waited * d)}, true
				}
				took, _ := lasts(s, func(*watchdog) {})
				if took < c.want || took > c.want+2*time.Second {
					t.Errorf("it ended after %v, expected about %v", took, c.want)
				}
			})
		})
	}
}

// TestWatchdogThatIsLate does not count the time in which this process has not run.
func TestWatchdogThatIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startQuiet(t)
		defer s.Kill()
		d := watch(context.Background(), s, testTimeout)
		d.stop()
		now := time.Now()
		for range 30 { // of 50 within the timeout
			now = now.Add(time.Second)
			if d.look(now) {
				t.Fatalf("it ended after %v, in which this process ran 30 times", now.Sub(d.began))
			}
		}
		for i := 0; !d.look(now); i++ {
			if i > 20 {
				t.Fatal("it does not end")
			}
			now = now.Add(d.period)
		}
	})
}

// TestOutstandingCommands names the scenario's commands without a reply, and how long they have waited.
func TestOutstandingCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startQuiet(t)
		defer s.Kill()
		s.Send(adapter.Message{Op: adapter.OpWait, Conn: "of an earlier scenario", Call: "y"})
		<-time.After(time.Second) // in the bubble's time
		d := watch(context.Background(), s, testTimeout)
		defer d.stop()
		s.Send(adapter.Message{Op: adapter.OpJoin, Conn: "closed"})
		<-time.After(time.Second) // in the bubble's time
		for i := range 10 {
			s.Send(adapter.Message{Op: adapter.OpWait, Conn: "c", Call: fmt.Sprint(i)})
		}
		<-d.ctx.Done()
		got := d.describe(func(conn string) bool { return conn == "closed" })
		want := `nothing for 5.0s (--timeout 5s); the adapter has not replied to wait "0" for 4.0s, wait "1" for 4.0s, ` +
			`wait "2" for 4.0s, wait "3" for 4.0s, wait "4" for 4.0s, wait "5" for 4.0s, wait "6" for 4.0s, wait "7" for 4.0s, 2 more`
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
