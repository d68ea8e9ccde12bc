// Command packetspec tests implementations of the packet stream protocol.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/internal/visible"
)

func main() { os.Exit(run()) }

// run runs the command that this process was started for. Tests call it too.
func run() int {
	ctx, stop := interruptible()
	defer stop()
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
	printed := &printer{ctx: ctx, out: out}
	root.SetOut(printed)
	errs = &printer{ctx: ctx, out: errs}
	root.SetErr(errs)
	cmd, err := root.ExecuteContextC(ctx)
	if _, _, missing := root.Find(args); err != nil && missing != nil {
		err = unknownCommand(root, args, err)
	}
	status, text := explainError(cmd, interrupted(ctx, printed.join(err)))
	if text != "" {
		_, _ = fmt.Fprintf(errs, "packetspec: %s\n", visible.Block(text))
	}
	return status
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
		Version:            version(),
	}
	root.SetVersionTemplate(versionLine())
	root.SetFlagErrorFunc(explainFlagError)
	root.AddCommand(
		newProbe(),
		newTest(), newDoctor(), newFuzz(), newList(), newExplain(), newMatrix(), newCompare(), newReport(), newReplay(), newEncode(), newDecode(), newAdapter(), newMutants(), newVersion(),
		newWatch(), newInterop(),
		newNewAdapter(),
	)
	return root
}
