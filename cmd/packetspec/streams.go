package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/internal/hint"
)

// streams returns the standard input and the standard output of a verb that turns one into the
// other. The output is buffered, and flushed before each read of the input: a person who sends live
// traffic sees all of its results while the input pauses. The caller must end with finish.
func streams(cmd *cobra.Command) (io.Reader, *bufio.Writer) {
	const size = 64 << 10 // bytes, the capacity of a pipe on Linux
	out := bufio.NewWriterSize(cmd.OutOrStdout(), size)
	return &flushingReader{cmd, out}, out
}

// A flushingReader is the standard input of a command, whose output it flushes before each read.
type flushingReader struct {
	cmd *cobra.Command
	out *bufio.Writer
}

// Read implements [io.Reader]. An error of the input has its exit status.
func (r *flushingReader) Read(b []byte) (int, error) {
	if err := r.out.Flush(); err != nil {
		return 0, err
	}
	n, err := r.cmd.InOrStdin().Read(b)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	err = fmt.Errorf("the standard input cannot be read: %w", err)
	return n, &statusError{statusUsage, hint.Add(err, "%s < FILE", r.cmd.CommandPath())}
}

// finish flushes the output of a verb that ended with err, which may be nil. It returns the error
// with which the command ends: one without a status is about what the verb read, unless it is
// about the output.
func finish(err error, out *bufio.Writer) error {
	unwritten := out.Flush()
	if se := (*statusError)(nil); errors.As(err, &se) {
		return err
	}
	if err == nil || unwritten != nil && errors.Is(err, unwritten) {
		return unwritten
	}
	return &statusError{statusNot, err}
}
