// Command packetspec tests implementations of the packet stream protocol.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/internal/visible"
)

func main() { os.Exit(run()) }

// run runs the command that this process was started for. Tests call it too.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	// A write to a closed pipe fails then, and the command says so. Without this it would end
	// the process, and reports to files would be lost. Ignoring it would be inherited by adapters.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// execute runs a command and returns its exit status.
func execute(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	printed := &printer{out: out}
	root.SetOut(printed)
	root.SetErr(errs)
	cmd, err := root.ExecuteContextC(ctx)
	if _, _, missing := root.Find(args); err != nil && missing != nil {
		err = unknownCommand(root, args, err)
	}
	status, text := explainError(cmd, printed.join(err))
	if text != "" {
		_, _ = fmt.Fprintf(errs, "packetspec: %s\n", visible.Block(text))
	}
	return status
}

// A printer is the standard output of a command. It keeps the first error, so that no command has
// to look for it: they print, and execute reports it at the end.
type printer struct {
	out io.Writer
	mu  sync.Mutex
	err error
}

// Write implements [io.Writer].
func (p *printer) Write(b []byte) (int, error) {
	n, err := p.out.Write(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = cmp.Or(p.err, err)
	return n, err
}

// join returns the error with which a command ends that returned err, which may be nil.
func (p *printer) join(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		return err
	}
	unwritten := p.err
	if path := (*fs.PathError)(nil); errors.As(p.err, &path) {
		unwritten = path.Err
	}
	unwritten = fmt.Errorf("the standard output cannot be written: %w", unwritten)
	status := (*statusError)(nil)
	switch {
	case errors.As(err, &status) && status.status == statusNot && status.err == nil:
		unwritten = fmt.Errorf("%w\nand without that the exit status would be %d", unwritten, statusNot)
	case err != nil && !errors.Is(err, p.err):
		unwritten = fmt.Errorf("%w\n%w", unwritten, err)
	}
	return &statusError{statusUnwritten, unwritten}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "packetspec",
		Short: "A conformance suite for the packet stream protocol",
		Long: `packetspec tests implementations of the packet stream protocol, in any language,
against an executable specification. It drives an implementation through an adapter:
a small program that reads commands from its standard input and carries them out.`,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true, // unknownCommand gives one
	}
	root.SetFlagErrorFunc(explainFlagError)
	root.AddCommand(
		newTest(), newFuzz(), newList(), newExplain(), newMatrix(), newEncode(), newDecode(), newAdapter(), newMutants(), newVersion(),
	)
	return root
}
