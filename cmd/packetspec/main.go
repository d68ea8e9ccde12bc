// Command packetspec tests implementations of the packet stream protocol.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run()) }

// run is the command as a function, for tests too.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// The exit statuses.
const (
	statusConforms = 0 // or: done
	statusNot      = 1 // the subject does not conform, or the input is not what it should be
	statusUsage    = 2
	statusAdapter  = 3 // the adapter could not be started or spoken to
)

// A statusError ends the command with a status. Without a text nothing is printed:
// what there is to say has been said.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

func execute(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return statusConforms
	}
	status := statusUsage // what cobra finds is always of this kind
	var se *statusError
	if errors.As(err, &se) {
		status = se.status
	}
	if text := err.Error(); text != "" {
		_, _ = fmt.Fprintf(errs, "packetspec: %s\n", text)
	}
	if status == statusUsage {
		_, _ = fmt.Fprintf(errs, "packetspec: see packetspec --help\n")
	}
	return status
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "packetspec",
		Short: "A conformance suite for the packet stream protocol",
		Long: `packetspec tests implementations of the packet stream protocol, in any language,
against an executable specification. An implementation is reached through an
adapter: a small program that carries out commands from its standard input.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newTest(), newFuzz(), newList(), newExplain(), newMatrix(), newEncode(), newDecode(), newAdapter(), newMutants(), newVersion(),
	)
	return root
}
