package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/watch"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/output"
)

type watchFlags struct {
	listen, connect       string
	dialect               string
	answerWithin          time.Duration
	strict                bool
	passStatus            bool
	quiet                 bool
	log, format           string
	color                 string
	record, recordLimit   string
	noPayloads            bool
	from                  string
	channels, tags, types []uint
}

// watchFormats lists the formats of a log.
var watchFormats = []string{"text", "json"}

func newWatch() *cobra.Command {
	var f watchFlags
	cmd := &cobra.Command{
		Use:   "watch [flags] [-- COMMAND ARG...]",
		Short: "Show and judge the traffic of a real program, from between its two ends",
		Long: `Runs COMMAND, which speaks the protocol on its standard input and output, and passes
on everything between it and this command's own standard input and output. So
"packetspec watch -- ssh host server" takes the place of "ssh host server". With
--listen, the caller is a program that connects to a socket; with --connect, a program
that listens at one takes the place of COMMAND. An address is unix:PATH or
tcp:HOST:PORT. One connection is watched.

Each packet is shown on the standard error or in a log, with the time that its answer
took. A summary follows. Octets are passed on as they come, also those that are no
packets. The judge knows the order of the octets of each end, and that an answer follows its
request, and no more: a request without an answer is a finding if a later one was
accepted and answered, or if --answer-within says so; it may have crossed a shutdown.

Exit status: 0 if the traffic conforms; 1 if not; 2 for a mistake in the command line, or a
file that cannot be written; 3 if COMMAND cannot be started, or a socket not be reached; 4 if a
file could not be written to its end; 128 and the number of the signal that ended it. With
--pass-status, the status of COMMAND if the traffic conforms. Only findings of level must
count, unless --strict is given; those of --answer-within always do.`,
		Example: `  packetspec watch -- ssh host server
  packetspec watch --answer-within 2s --log log.txt -- ./server
  packetspec watch --listen unix:/tmp/front --connect unix:/tmp/server --record session.rec
  packetspec decode --file session.rec`,
		RunE: withSpecification(f.watch),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "", "wait for one connection at this `address`, in place of the standard input and output")
	flags.StringVar(&f.connect, "connect", "", "connect to this `address`, in place of COMMAND")
	flags.StringVar(&f.dialect, "dialect", conformance.Dialects[0], "the `dialect` of both ends: "+strings.Join(conformance.Dialects, " or "))
	flags.DurationVar(&f.answerWithin, "answer-within", 0, "how long a request may be without an answer; 0: for any time")
	flags.BoolVar(&f.strict, "strict", false, "findings of every level count")
	flags.BoolVar(&f.passStatus, "pass-status", false, "end with the status of COMMAND if the traffic conforms")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no packets, only the summary")
	flags.StringVar(&f.log, "log", "", "show the packets in this `file`, not on the standard error")
	flags.StringVar(&f.format, "format", "text", "the format of the lines and of the summary: text or json")
	flags.StringVar(&f.color, "color", "auto", "whether the lines on the standard error are in color: `WHEN` is auto, always or never")
	flags.StringVar(&f.record, "record", "", "record the octets of both ends in this `file`, which packetspec decode --file reads")
	flags.StringVar(&f.recordLimit, "record-limit", "256M", "the most that a recording may take, as a `size` in bytes or with K, M or G")
	flags.BoolVar(&f.noPayloads, "no-payloads", false, "keep payloads out of the recording, the log and the summary")
	flags.StringVar(&f.from, "from", "", "show only packets from this `end`: caller or command; of sockets, client or server")
	flags.UintSliceVar(&f.channels, "channel", nil, "show only packets on this channel; may be repeated")
	flags.UintSliceVar(&f.tags, "tag", nil, "show only packets with this tag; may be repeated")
	flags.UintSliceVar(&f.types, "type", nil, "show only requests of this wire type, and their answers; may be repeated")
	for name, values := range map[string][]string{"dialect": conformance.Dialects, "format": watchFormats, "color": {"auto", "always", "never"}} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // there are such flags
	}
	return cmd
}

func (f *watchFlags) watch(cmd *cobra.Command, s *spec.Spec, args []string) error {
	names := f.names()
	limit, err := f.check(cmd, names, args)
	if err != nil {
		return err
	}
	log, err := f.open(cmd, "log", f.log)
	if err != nil {
		return err
	}
	defer closeFile(log)
	record, err := f.open(cmd, "record", f.record)
	if err != nil {
		return err
	}
	defer closeFile(record)
	ends, program, err := f.connectEnds(cmd, args)
	if err != nil {
		return err
	}
	began := time.Now()
	screen := f.newScreen(cmd, log, names, began)
	judge := relay.NewJudge(relay.Options{
		Names: names, Spec: s, Later: f.dialect == conformance.LaterDialect, AnswerWithin: f.answerWithin, NoPayloads: f.noPayloads,
		Observe: screen.observe,
	}, began)
	screen.judge = judge
	w := &watch.Watch{Relay: &relay.Relay{Ends: ends, Judge: judge}, Program: program}
	if record != nil {
		w.Relay.Recorder = relay.NewRecorder(record, relay.RecorderOptions{
			Names: names, Later: f.dialect == conformance.LaterDialect, Limit: limit, NoPayloads: f.noPayloads,
		}, began)
	}
	w.Run(cmd.Context(), func() syscall.Signal { return signalOf(cmd.Context()) })
	var report *relay.Report
	w.Relay.With(func(j *relay.Judge) {
		report = j.Report(time.Now())
		j.Silence()
	})
	if program != nil {
		select {
		case <-program.Ended:
			report.Note("the command ended: %s", program.DescribeEnd())
		default:
		}
	}
	unwritten := screen.finish(report, f.strict)
	if record != nil {
		if err := w.Relay.Recorder.Close(); err != nil {
			unwritten = errors.Join(unwritten, fmt.Errorf("--record %s: %w", f.record, plainError(err)))
		} else if w.Relay.Recorder.Full() {
			cmd.PrintErrf("packetspec: the recording %s ends at its limit, %s\n", f.record, f.recordLimit)
		}
	}
	return f.end(report, program, unwritten)
}

// end returns the error with which the command ends.
func (f *watchFlags) end(report *relay.Report, program *watch.Program, unwritten error) error {
	conforms := report.Conforms(f.strict)
	switch {
	case unwritten != nil && !conforms:
		return &statusError{statusUnwritten, fmt.Errorf("%w\nand the traffic does not conform", unwritten)}
	case unwritten != nil:
		return &statusError{statusUnwritten, unwritten}
	case !conforms:
		return &statusError{status: statusNot}
	case f.passStatus:
		return normalEnd{&statusError{status: program.Status()}}
	}
	return nil
}

// signalOf returns the signal that has ended a command's context.
func signalOf(ctx context.Context) syscall.Signal {
	if i := (*interruption)(nil); errors.As(context.Cause(ctx), &i) {
		return i.signal
	}
	return syscall.SIGTERM
}

// names returns the names of the two ends.
func (f *watchFlags) names() [2]string {
	names := [2]string{"caller", "command"}
	if f.listen != "" {
		names[relay.Left] = "client"
	}
	if f.connect != "" {
		names[relay.Right] = "server"
	}
	return names
}

// check finds the mistakes that the command line shows by itself, and returns the limit of a recording.
func (f *watchFlags) check(cmd *cobra.Command, names [2]string, args []string) (limit int64, err error) {
	if err := cmp.Or(
		notEmpty(cmd, "log"), notEmpty(cmd, "record"), notEmpty(cmd, "listen"), notEmpty(cmd, "connect"),
		atLeast("--answer-within", f.answerWithin, 0),
		oneOf("--dialect", f.dialect, conformance.Dialects...),
		oneOf("--format", f.format, watchFormats...),
		oneOf("--color", f.color, "auto", "always", "never"),
	); err != nil {
		return 0, err
	}
	if f.from != "" {
		if err := oneOf("--from", f.from, names[:]...); err != nil {
			return 0, err
		}
	}
	if limit, err = parseSize("--record-limit", f.recordLimit); err != nil {
		return 0, err
	}
	dash := cmd.ArgsLenAtDash()
	switch {
	case dash > 0 || dash < 0 && len(args) > 0:
		return 0, hint.Add(fmt.Errorf("%q is not a flag: the command must follow --", args[0]), "%s -- %s", cmd.CommandPath(), quoteWords(args...))
	case len(args) > 0 && args[0] == "":
		return 0, emptyWord(cmd, "the command")
	case len(args) > 0 && f.connect != "":
		return 0, hint.Add(fmt.Errorf("--connect is given, and a command: one of them must be the end that is watched"), "leave --connect or the command out")
	case len(args) == 0 && f.connect == "":
		return 0, hint.Add(errors.New("there is nothing to watch: give a command after --, or --connect"), "%s -- COMMAND ARG...", cmd.CommandPath())
	case f.passStatus && len(args) == 0:
		return 0, hint.Add(errors.New("--pass-status is given without a command, whose status it would pass"), "leave --pass-status out")
	case f.quiet && f.log != "":
		return 0, hint.Add(errors.New("--quiet shows no packets, and --log names a file to show them in"), "leave one of the two out")
	case f.log != "" && f.record != "" && output.Same(f.log, f.record):
		return 0, hint.Add(fmt.Errorf("--log and --record are both %q", f.log), "--record %s.rec", f.log)
	}
	return limit, nil
}

// parseSize returns the number of bytes that the value of a flag says.
func parseSize(flag, text string) (int64, error) {
	number, unit := text, int64(1)
	if n := len(text); n > 0 {
		if power := strings.IndexByte("KMG", text[n-1]&^0x20); power >= 0 {
			number, unit = text[:n-1], 1<<(10*(power+1))
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > 1<<62/unit {
		return 0, hint.Add(fmt.Errorf("%s is %q: it must be a size above 0, in bytes or with K, M or G", flag, text), "%s 256M", flag)
	}
	return n * unit, nil
}

// open opens a file of a flag, to write to it as the traffic comes. It returns nil if there is none.
func (f *watchFlags) open(cmd *cobra.Command, flag, name string) (*os.File, error) {
	if name == "" {
		return nil, nil
	}
	if output.IsStdout(name) && f.listen == "" {
		return nil, hint.Add(fmt.Errorf("--%s is %q: the standard output carries the traffic", flag, name), "--%s /dev/stderr, or a file", flag)
	}
	file, err := output.OpenLive(cmd.Context(), name)
	if err != nil {
		return nil, fmt.Errorf("--%s is %q: %w", flag, name, err)
	}
	return file, nil
}

func closeFile(f *os.File) {
	if f != nil {
		_ = f.Close()
	}
}

// connectEnds returns both ends. It connects the right one last: a program starts only when a caller is there.
func (f *watchFlags) connectEnds(cmd *cobra.Command, args []string) (ends [2]relay.Endpoint, program *watch.Program, err error) {
	ctx := cmd.Context()
	listen, err := parseAddress("--listen", f.listen)
	if err != nil {
		return ends, nil, err
	}
	connect, err := parseAddress("--connect", f.connect)
	if err != nil {
		return ends, nil, err
	}
	if f.listen == "" {
		ends[relay.Left], err = watch.Standard(os.Stdin, os.Stdout)
	} else {
		ends[relay.Left], err = accept(cmd, listen)
	}
	if err != nil {
		return ends, nil, startError(err)
	}
	if f.connect != "" {
		ends[relay.Right], err = connect.Dial(ctx)
	} else if program, err = watch.Start(args); err == nil {
		ends[relay.Right] = program.Endpoint
	}
	return ends, program, startError(err)
}

// parseAddress returns the address in the value of a flag, or no address if it has none.
func parseAddress(flag, value string) (a watch.Address, err error) {
	if value == "" {
		return a, nil
	}
	return watch.ParseAddress(flag, value)
}

// accept waits for the one connection of --listen.
func accept(cmd *cobra.Command, a watch.Address) (relay.Endpoint, error) {
	l, err := a.Listen(cmd.Context())
	if err != nil {
		return relay.Endpoint{}, err
	}
	cmd.PrintErrf("packetspec: listening at %s:%s\n", a.Network, l.Addr())
	return watch.Accept(cmd.Context(), l)
}

// startError gives an error of a program or a socket its status.
func startError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &statusError{statusAdapter, err}
}

// plainError returns the cause of an error of a file, without the name of the call.
func plainError(err error) error {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}
