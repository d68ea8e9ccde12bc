package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/output"
	"github.com/packetspec/packetspec/internal/words"
)

// A reportOutput is one report to write.
type reportOutput struct {
	arg    string // of --report
	format string
	name   string       // of the file; empty: the standard output
	file   *output.File // nil: the standard output
}

// reportOutputs holds the reports of a run, with the files that they go to. Its owner ends it with
// write or close.
type reportOutputs []reportOutput

// reportFlag adds --report, with the formats that a command writes.
func reportFlag(cmd *cobra.Command, args *[]string, formats []string) {
	cmd.Flags().StringArrayVar(args, "report", nil, "a report to write, given as `FORMAT or FORMAT=FILE`: "+words.Join(formats, "or")+"; may be repeated")
}

// openReports opens the file of each --report, in one of the formats that are allowed. It adds a
// report in the first format on the standard output if no other report goes there. No report may go
// to the file of --known, which may be empty.
func openReports(ctx context.Context, args []string, known string, formats []string) (outputs reportOutputs, err error) {
	defer func() {
		if err != nil {
			outputs.close()
		}
	}()
	printed := false
	for _, arg := range args {
		o, err := parseReport(arg, formats)
		if err != nil {
			return outputs, err
		}
		if err := outputs.conflict(o, known); err != nil {
			return outputs, err
		}
		if o.name != "" {
			if o.file, err = output.Open(ctx, o.name); err != nil {
				return outputs, fmt.Errorf("--report is %q: %w", arg, err)
			}
		}
		printed = printed || o.name == ""
		outputs = append(outputs, o)
	}
	if !printed {
		outputs = append(outputs, reportOutput{format: formats[0]})
	}
	return outputs, outputs.printedTwice()
}

// parseReport reads an argument of --report: FORMAT or FORMAT=FILE.
func parseReport(arg string, formats []string) (o reportOutput, err error) {
	format, name, named := strings.Cut(arg, "=")
	if err := oneOf("the format of --report", format, formats...); err != nil {
		return o, err
	}
	if named && name == "" {
		return o, hint.Add(fmt.Errorf("--report is %q: the file has no name", arg), "--report %s prints the report, and --report %s=FILE writes it to a file", format, format)
	}
	if named && output.IsStdout(name) {
		name = ""
	}
	return reportOutput{arg: arg, format: format, name: name}, nil
}

// conflict returns an error if a report would be mixed with an earlier one or would replace the
// list of known deviations.
func (outputs reportOutputs) conflict(o reportOutput, known string) error {
	if o.name != "" && known != "" && output.Same(o.name, known) {
		return hint.Add(fmt.Errorf("--report is %q, but that is the file of --known", o.arg), "--report %s=FILE, with another file", o.format)
	}
	for _, earlier := range outputs {
		switch {
		case o.name == "" && earlier.name == "":
			return hint.Add(fmt.Errorf("--report is %q, but another report goes to the standard output: only one can", o.arg), "--report %s=FILE", o.format)
		case o.name != "" && earlier.name != "" && output.Same(o.name, earlier.name):
			return hint.Add(fmt.Errorf("--report is %q, but the report %q goes to the same file", o.arg, earlier.arg), "--report %s=FILE, with another file", o.format)
		}
	}
	return nil
}

// printedTwice returns an error if a report goes to the file to which the standard output is
// redirected, where another report goes.
func (outputs reportOutputs) printedTwice() error {
	for _, o := range outputs {
		if o.name != "" && output.Same(o.name, "/dev/stdout") {
			return hint.Add(fmt.Errorf("--report is %q, but the standard output goes to the same file", o.arg), "--report %s, without a file, prints the report alone", o.format)
		}
	}
	return nil
}

// stream returns the stream of the text report on the standard output. Without that report it
// writes nothing.
func (outputs reportOutputs) stream(stdout io.Writer, suite report.Suite, verbose, color bool) *report.Stream {
	if !outputs.textPrinted() {
		stdout = io.Discard
	}
	return report.NewStream(stdout, suite, verbose, color)
}

// textPrinted reports whether the text report goes to the standard output.
func (outputs reportOutputs) textPrinted() bool {
	return slices.ContainsFunc(outputs, func(o reportOutput) bool { return o.file == nil && o.format == "text" })
}

// contents writes the reports of a run, by their formats.
type contents map[string]func(io.Writer) error

// write writes every report, those on the standard output last; the text there has been printed by
// then. One that fails does not stop the others; the error is about all that failed. What fails on
// the standard output, execute reports.
func (outputs reportOutputs) write(stdout io.Writer, content contents) error {
	var errs []error
	for _, o := range outputs {
		if o.file == nil {
			continue
		}
		if err := o.file.Write(content[o.format]); err != nil {
			errs = append(errs, fmt.Errorf("--report is %q: %w", o.arg, err))
		}
	}
	for _, o := range outputs {
		if o.file == nil && o.format != "text" {
			_ = content[o.format](stdout)
		}
	}
	return errors.Join(errs...)
}

// close gives up the reports that were not written.
func (outputs reportOutputs) close() {
	for _, o := range outputs {
		if o.file != nil {
			o.file.Close()
		}
	}
}
