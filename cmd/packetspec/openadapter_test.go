package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// openAdapter runs as the reference's adapter, and fails to open connections as args[0] says.
func openAdapter(args []string) int {
	// Each returns the command to carry out instead, or false if it has replied, or never will.
	open := map[string]func(m adapter.Message) (adapter.Message, bool){
		// sees other folders than the runner, as in a container
		"elsewhere": func(m adapter.Message) (adapter.Message, bool) {
			m.Recv, m.Send = "/elsewhere"+m.Recv, "/elsewhere"+m.Send
			return m, true
		},
		// does not reply
		"mute": func(m adapter.Message) (adapter.Message, bool) { return m, false },
		// opens the pipes, closes them and refuses
		"refuse": func(m adapter.Message) (adapter.Message, bool) {
			recv, recvErr := os.OpenFile(m.Recv, os.O_RDONLY, 0)
			send, sendErr := os.OpenFile(m.Send, os.O_WRONLY, 0)
			_, _ = recv.Close(), send.Close()
			return refuse(m, fmt.Sprint("no connections today ", recvErr, sendErr))
		},
		// refuses connections without a handler, before it opens their pipes
		"picky": func(m adapter.Message) (adapter.Message, bool) {
			if m.Handler != nil && *m.Handler {
				return m, true
			}
			return refuse(m, "a handler is needed")
		},
	}[args[0]]
	in, commands := io.Pipe()
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			line := lines.Bytes()
			var m adapter.Message
			if json.Unmarshal(line, &m) == nil && m.Op == adapter.OpOpen {
				var ok bool
				if m, ok = open(m); !ok {
					continue
				}
				line, _ = json.Marshal(m)
			}
			_, _ = fmt.Fprintf(commands, "%s\n", line)
		}
		_ = commands.Close()
	}()
	return serve(in)
}

func refuse(m adapter.Message, why string) (adapter.Message, bool) {
	line, _ := json.Marshal(adapter.Reply{ID: m.ID, Error: adapter.Errorf(adapter.Internal, "%s", why)})
	_, _ = fmt.Printf("%s\n", line)
	return m, false
}
