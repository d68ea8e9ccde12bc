package reference_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/reference"
)

// What is noticed and survived is told to the logger, under the connection's name.
func TestLog(t *testing.T) {
	type told struct {
		octets string
		want   []string
	}
	each(t, map[string]told{
		"response to nothing": {"03 07 05 09", []string{"no pending request", "channel=9", "tag=7"}},
		"malformed EOF":       {"03 01 02 00", []string{"stream ended", "EOF packet"}},
		"cut":                 {"05 01", []string{"stream ended", "cut"}},
		"panic":               {rq1, []string{"handler panicked", "a secret"}},
		"EOF":                 {eof, nil},
	}, func(t *testing.T, c told) {
		var log bytes.Buffer
		_, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) { panic("a secret") },
			reference.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), reference.WithName("east"))
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
	})
}
