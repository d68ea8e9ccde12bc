package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

// forged is text that would erase a terminal and imitate lines of a report.
const forged = "\x1b[2J\x00\nFAIL     must  forged/by-the-adapter\n\u202e\u009b31m"

// foreignAdapter runs as the adapter of an implementation whose name, errors and standard error
// are forged or, with the argument "long", too long to show.
func foreignAdapter(args []string) int {
	f := foreign{name: forged, message: forged}
	if len(args) > 0 {
		f = foreign{name: strings.Repeat("n", 50_000_000), message: strings.Repeat("m", 20_000_000)}
	}
	if err := adapter.Serve(context.Background(), f, os.Stdin, os.Stdout); err != nil {
		return 1
	}
	return 0
}

// A foreign is an implementation that encodes nothing.
type foreign struct {
	goreference.Implementation
	name, message string
}

func (f foreign) Hello() adapter.Hello {
	hello := f.Implementation.Hello()
	hello.Name, hello.Release, hello.Language = f.name, f.name, f.name
	if len(f.name) > 1000 {
		hello.Release, hello.Language = "1", "Go"
	}
	return hello
}

func (f foreign) Encode(adapter.Packet) ([]byte, error) {
	_, _ = fmt.Fprintln(os.Stderr, f.message)
	return nil, adapter.Errorf(adapter.Internal, "%s", f.message)
}
