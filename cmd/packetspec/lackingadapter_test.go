package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

// lackingAdapter runs as the reference's adapter, and replies unsupported to the commands that its
// arguments name. With an argument supports=ABILITY,… it lists these abilities; with an argument
// kind=KIND after it, the error is of another kind.
func lackingAdapter(args []string) int {
	var subject adapter.Implementation = goreference.Implementation{}
	if list, ok := strings.CutPrefix(args[0], "supports="); ok {
		subject, args = claimant{subject, strings.Split(list, ",")}, args[1:]
	}
	kind := adapter.Unsupported
	if len(args) > 0 {
		if other, ok := strings.CutPrefix(args[0], "kind="); ok {
			kind, args = adapter.Kind(other), args[1:]
		}
	}
	out := &lockedWriter{w: os.Stdout}
	in, commands := io.Pipe()
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var m adapter.Message
			if json.Unmarshal(lines.Bytes(), &m) == nil && slices.Contains(args, m.Op) {
				_, _ = fmt.Fprintf(out, `{"id":%d,"error":{"kind":%q,"message":"not yet"}}`+"\n", m.ID, kind)
				continue
			}
			_, _ = fmt.Fprintf(commands, "%s\n", lines.Bytes())
		}
		_ = commands.Close()
	}()
	if err := adapter.Serve(context.Background(), subject, in, out); err != nil {
		return 1
	}
	return 0
}

// A claimant is an implementation that lists other abilities than it has.
type claimant struct {
	adapter.Implementation
	abilities []string
}

func (c claimant) Hello() adapter.Hello {
	h := c.Implementation.Hello()
	h.Supports = nil
	for _, a := range c.abilities {
		h.Supports = append(h.Supports, adapter.Ability(a))
	}
	return h
}

// A lockedWriter may be written to by several goroutines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
