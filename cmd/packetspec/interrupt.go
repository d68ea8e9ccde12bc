package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// statusSignal is what a signal's number is added to, as shells do, when the signal ends a command.
const statusSignal = 128

// An interruption is the cause with which a command's context ends when a signal has come.
type interruption struct{ signal syscall.Signal }

// Error returns the name of the signal.
func (i *interruption) Error() string { return unix.SignalName(i.signal) }

// Is makes an interruption one way of ending a context by cancelling it.
func (i *interruption) Is(target error) bool { return target == context.Canceled }

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP ends. The second one
// ends the process at once, as without this.
func interruptible() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			number, _ := s.(syscall.Signal)
			cancel(&interruption{number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// A normalEnd is the error, with its status, of a command that ends normally by a signal.
type normalEnd struct{ *statusError }

// Unwrap returns the error.
func (e normalEnd) Unwrap() error { return e.statusError }

// interrupted returns the error with the status and the text of a command that ended with an error, which may be
// nil, after a signal. It returns the error itself if no signal has come, or if the command regards
// it as its normal end.
func interrupted(ctx context.Context, err error) error {
	cause := (*interruption)(nil)
	if !errors.As(context.Cause(ctx), &cause) || errors.As(err, new(normalEnd)) {
		return err
	}
	said := errors.New("interrupted by " + cause.Error())
	if err != nil && !errors.Is(err, context.Canceled) && err.Error() != "" {
		said = errors.Join(said, err)
	}
	return &statusError{status: statusSignal + int(cause.signal), err: said}
}

// byInterrupt returns the error of a command that ended with err, which may be nil, and that ends
// normally by SIGINT: it has no other end.
func byInterrupt(ctx context.Context, err error) error {
	cause := (*interruption)(nil)
	status := (*statusError)(nil)
	switch {
	case !errors.As(context.Cause(ctx), &cause) || cause.signal != syscall.SIGINT || errors.Is(err, context.Canceled):
		return err
	case err == nil:
		return normalEnd{&statusError{status: statusConforms}}
	case errors.As(err, &status):
		return normalEnd{status}
	}
	return err
}

// atOnce returns the RunE of a command that a signal ends wherever the command is: it has nothing
// to clean up. A read from the standard input, or a write to a reader that has stopped, would
// otherwise go on for as long as the other end likes. A reader that goes away, such as head, ends it
// by SIGPIPE and silently, as it ends other programs: no report would be lost.
func atOnce(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		signal.Reset(syscall.SIGPIPE)
		if p, ok := cmd.OutOrStdout().(*printer); ok {
			p.direct = true
		}
		if cmd.Context().Err() != nil {
			return context.Cause(cmd.Context())
		}
		done := make(chan error, 1)
		go func() { done <- run(cmd, args) }()
		select {
		case err := <-done:
			return err
		case <-cmd.Context().Done():
			return context.Cause(cmd.Context())
		}
	}
}
