package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/replay"
	"github.com/packetspec/packetspec/internal/visible"
)

func newReplay() *cobra.Command {
	o := replay.Options{}
	cmd := &cobra.Command{
		Use: "replay [flags] BUNDLE [-- ADAPTER ARG...]", Short: "Play what happened in a failure again",
		Long: `Plays a bundle, the folder in which packetspec test has kept what happened in a scenario that
failed: the commands to the adapter and the octets of the peer, in their order. Before each it
waits for what had come by then, and says where the adapter or the implementation does
something else. It does not judge: packetspec test --run does. Without ADAPTER it plays
against the reference.

The bundle also has the octets of both ends as plain files. With those alone,
  cat BUNDLE/peer-1.octets | ./your-program
shows a program that speaks the protocol on its standard input and output what the peer sent.

Exit status: 0 if all happened as in the bundle; 1 if not; 2 for a mistake in the command line,
or a folder that holds no bundle; 3 if the adapter could not be started; 4 if the standard
output cannot be written; 128 and the number of the signal that ended the replay.`,
		Example: `  packetspec test --replay-dir bundles -- ./adapter
  packetspec replay bundles/tags.a-tag-is-used-again-after-its-answer -- ./adapter`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(aboveZero("--timeout", o.Timeout), aboveZero("--start-timeout", o.StartTime)); err != nil {
				return err
			}
			dirs, process, err := splitArgs(cmd, args, "BUNDLE", 1)
			if err != nil {
				return err
			}
			b, err := replay.Load(dirs[0])
			if err != nil {
				return err
			}
			cmd.Printf("%s  %s\n", b.Result.ID, b.Result.Outcome)
			if b.Cut {
				cmd.Println("note: the bundle was cut, so what happens may differ for that")
			}
			o.Adapter, o.Observe = process, func(l replay.Line) { cmd.Println(replayLine(l)) }
			same, err := b.Play(cmd.Context(), o)
			switch {
			case cmd.Context().Err() != nil:
				return context.Cause(cmd.Context())
			case err != nil:
				return &statusError{statusAdapter, err}
			case !same:
				cmd.Println("it did not happen as in the bundle")
				return &statusError{status: statusNot}
			}
			cmd.Println("all happened as in the bundle")
			return nil
		},
	}
	cmd.Flags().DurationVar(&o.Timeout, "timeout", 5*time.Second, "how long to wait for something that the bundle has")
	cmd.Flags().DurationVar(&o.StartTime, "start-timeout", 30*time.Second, "how long an adapter may take to start and answer hello")
	return cmd
}

// replayLine returns a line of a replay as text.
func replayLine(l replay.Line) string {
	text := fmt.Sprintf("%-7s  %s", l.From, l.Text)
	if l.Conn > 1 {
		text = fmt.Sprintf("%-7s  c%d  %s", l.From, l.Conn, l.Text)
	}
	if l.Differs != "" {
		text += "\n         DIFFERS: " + visible.Line(l.Differs)
	}
	return text
}
