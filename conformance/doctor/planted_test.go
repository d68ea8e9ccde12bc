package doctor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

// A plant is the reference's adapter with a planted fault. Each field but the first may be nil.
type plant struct {
	// print returns what is printed for a reply, with its newline.
	print func(m adapter.Message, reply []byte) []byte
	// take carries a command out in place of the server, and reports whether it has.
	take func(b *badAdapter, m adapter.Message, line []byte) bool
	// impl returns the implementation to serve.
	impl func() adapter.Implementation
	// begin runs before the first command, and end after the last one; end returns the exit status.
	begin func(b *badAdapter)
	end   func(b *badAdapter) int
	// inTurn makes the adapter carry out these commands in the loop that reads them.
	inTurn []string
}

// A badAdapter is a running plant.
type badAdapter struct {
	plant
	server *adapter.Server

	mu  sync.Mutex
	out io.Writer
}

// planted runs as an adapter with a fault, and returns its exit status.
func planted(fault string) int {
	b := &badAdapter{plant: plants[fault].plant, out: os.Stdout}
	var impl adapter.Implementation = goreference.Implementation{}
	if b.impl != nil {
		impl = b.impl()
	}
	b.server = adapter.NewServer(impl)
	if b.begin != nil {
		b.begin(b)
	}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		b.carryOut(line)
	}
	if b.end != nil {
		return b.end(b)
	}
	return 0
}

// carryOut carries out one command.
func (b *badAdapter) carryOut(line []byte) {
	var m adapter.Message
	if err := json.Unmarshal(line, &m); err != nil {
		panic(err)
	}
	if b.take != nil && b.take(b, m, line) {
		return
	}
	do := func() { b.reply(m, b.server.Do(context.Background(), m)) }
	switch m.Op {
	case adapter.OpOpen, adapter.OpRequest, adapter.OpWait, adapter.OpDo, adapter.OpShutdown, adapter.OpJoin, adapter.OpClose:
		for _, op := range b.inTurn {
			if op == m.Op {
				do()
				return
			}
		}
		go do()
	default:
		do()
	}
}

// reply prints a reply.
func (b *badAdapter) reply(m adapter.Message, r adapter.Reply) {
	line, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	line = append(line, '\n')
	if b.print != nil {
		line = b.print(m, line)
	}
	b.write(line)
}

func (b *badAdapter) write(text []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = b.out.Write(text)
}

// edited returns a plant that prints the replies to a command with other fields.
func edited(op string, edit func(map[string]any)) plant {
	return plant{print: func(m adapter.Message, reply []byte) []byte {
		if m.Op != op || bytes.Contains(reply, []byte(`"error"`)) {
			return reply
		}
		return editedLine(reply, edit)
	}}
}

// editedLine returns a reply with other fields.
func editedLine(reply []byte, edit func(map[string]any)) []byte {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(reply))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		panic(err)
	}
	edit(fields)
	line, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return append(line, '\n')
}

// failing returns a plant that edits the errors of replies.
func failing(edit func(failure map[string]any) any) plant {
	return plant{print: func(_ adapter.Message, reply []byte) []byte {
		if !bytes.Contains(reply, []byte(`"error"`)) {
			return reply
		}
		return editedLine(reply, func(fields map[string]any) {
			fields["error"] = edit(fields["error"].(map[string]any))
		})
	}}
}

// every returns a plant that prints all replies in another way.
func every(f func(line string) string) plant {
	return plant{print: func(_ adapter.Message, reply []byte) []byte {
		return []byte(f(strings.TrimSuffix(string(reply), "\n")))
	}}
}

// first does something once.
func first(f func(line string) string) plant {
	var once sync.Once
	return every(func(line string) string {
		once.Do(func() { line = strings.TrimSuffix(f(line), "\n") })
		return line + "\n"
	})
}

// refusing returns a plant that replies an error to commands.
func refusing(kind adapter.Kind, wrong func(m adapter.Message, line []byte) bool) plant {
	return plant{take: func(b *badAdapter, m adapter.Message, line []byte) bool {
		if !wrong(m, line) {
			return false
		}
		b.reply(m, adapter.Reply{ID: m.ID, Error: adapter.Errorf(kind, "refused")})
		return true
	}}
}

// acting returns a plant that does something else in place of some commands.
func acting(wrong func(m adapter.Message, line []byte) bool, do func(b *badAdapter, m adapter.Message)) plant {
	return plant{take: func(b *badAdapter, m adapter.Message, line []byte) bool {
		if !wrong(m, line) {
			return false
		}
		do(b, m)
		return true
	}}
}

// is returns a function that reports whether a command is one of those named.
func is(op string) func(adapter.Message, []byte) bool {
	return func(m adapter.Message, _ []byte) bool { return m.Op == op }
}

func silence(*badAdapter, adapter.Message) {}

func exit(*badAdapter, adapter.Message) { quit(7) }

// quit ends the process of an adapter.
func quit(status int) {
	os.Exit(status) //nolint:forbidigo // no test runs in this process
}

// claiming returns a plant whose hello lists more abilities.
func claiming(p plant, abilities ...string) plant {
	before := p.print
	p.print = func(m adapter.Message, reply []byte) []byte {
		if before != nil {
			reply = before(m, reply)
		}
		if m.Op != adapter.OpHello {
			return reply
		}
		return editedLine(reply, func(fields map[string]any) {
			all, _ := fields["supports"].([]any)
			for _, a := range abilities {
				all = append(all, a)
			}
			fields["supports"] = all
		})
	}
	return p
}

// A handled implementation is the reference with another handler, and other options of open.
type handled struct {
	goreference.Implementation
	handler func(h adapter.Handler) adapter.Handler
	options func(o *adapter.OpenOptions)
	conn    func(c adapter.Connection) adapter.Connection
}

// Open implements [adapter.Implementation].
func (i handled) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	if i.options != nil {
		i.options(&o)
	}
	if i.handler != nil && h != nil {
		h = i.handler(h)
	}
	c, err := i.Implementation.Open(recv, send, o, h)
	if err == nil && i.conn != nil {
		c = i.conn(c)
	}
	return c, err
}

// with returns a plant that serves an implementation.
func with(i adapter.Implementation) plant {
	return plant{impl: func() adapter.Implementation { return i }}
}
