package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/probe"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/internal/hint"
)

type probeFlags struct {
	testFlags
	reach targetFlags
}

func newProbe() *cobra.Command {
	var f probeFlags
	cmd := &cobra.Command{
		Use:   "probe [flags] [-- COMMAND ARG...]",
		Short: "Run the suite's outside view against a program, without an adapter",
		Long: `Runs those scenarios of the specification that can be judged from the other end of a
connection, against any program that speaks the protocol. They have the tag @outside;
packetspec list --tags @outside lists them. packetspec test runs them too.

COMMAND is started once for each scenario, and speaks the protocol on its standard input
and output. --connect dials a program that runs, and --listen waits for one that connects,
once for each scenario. If the program serves one connection at a time, the scenarios run
one after the other. If it takes no further connection, those run that one connection can
show, and the others are skipped.

Nothing is assumed about the program's handler. The peer sends the requests that --ask
names, and requires one answer to each, ok or failed; --expect says more about the answer
to the --ask before it. Without --ask the peer asks for type 1886547810, which a handler
probably fails at. The peer also sends requests on channels other than 0, which the program
must refuse (CHN-1); if it documents that it serves some, use --skip. What the program
requests by itself, the peer refuses. A program may end its stream by itself: then the
scenarios in which it does so are skipped.

Exit status: as for packetspec test; 3 if the program could not be started or reached, or
sends something else than packets.`,
		Example: `  packetspec probe -- python3 server.py
  packetspec probe --ask 7:0:6869 --expect ok -- ssh host server
  packetspec probe --connect unix:/run/server.sock
  packetspec probe --listen tcp:127.0.0.1:4000 --known known.txt --report junit=results.xml`,
		RunE: withSpecification(f.probe),
	}
	f.add(cmd)
	f.reach.add(cmd)
	flags := cmd.Flags()
	timeout := flags.Lookup("timeout")
	timeout.DefValue, f.run.Timeout = "2s", 2*time.Second // programs are known to be quick by then
	timeout.Usage = "how long an answer may take, and a scenario be silent, beside the start of the program"
	flags.Lookup("parallel").Usage = "how many connections are open at a time, if the program serves several"
	flags.Lookup("retry").Usage = "how many times to run a scenario that deviates again, until it passes: it is flaky then, not passed"
	flags.Lookup("start-timeout").Usage = "how long the program may take to start, or to connect, and to send something"
	return cmd
}

func (f *probeFlags) probe(cmd *cobra.Command, s *spec.Spec, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	target, err := f.reach.target(cmd, args)
	if err != nil {
		return err
	}
	tags := f.filter.Tags
	f.filter.Tags = steps.OutsideTag
	if tags != "" {
		f.filter.Tags = fmt.Sprintf("%s and (%s)", steps.OutsideTag, tags)
	}
	selected, _, err := f.selected(s)
	if err != nil {
		return err
	}
	stop, err := f.reach.listen(cmd, target)
	if err != nil {
		return err
	}
	defer stop()
	f.filter.Tags = tags
	run := f.run
	run.Scenarios, run.Setting = selected, f.setting(cmd, args)
	run.Setting.Flags = append(run.Setting.Flags, f.reach.asks.words()...)
	run.Again = func(r report.Result) string {
		words := append(f.again(cmd, r, []string{"connect", "listen"}), f.reach.asks.words()...)
		return self() + " probe " + quoteWords(words...) + adapterWords(args)
	}
	return f.report(cmd, s, run, func(series conformance.Series, ctx context.Context) (*report.Results, error) {
		series.Keep = nil // packetspec replay drives adapters
		return probe.Run{Series: series, Target: target, Asks: f.reach.asks.asks}.Do(ctx)
	})
}

// targetFlags are the flags that say how to reach a program, and what may be asked of it.
type targetFlags struct {
	connect, listenTo string
	asks              askList
}

func (f *targetFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.connect, "connect", "", "connect to a program that runs: `ADDRESS` is unix:PATH or tcp:HOST:PORT")
	flags.StringVar(&f.listenTo, "listen", "", "wait for a program that connects: `ADDRESS` is unix:PATH or tcp:[HOST:]PORT, on this machine unless it has a host")
	flags.Var(askValue{&f.asks}, "ask", "a request that is safe to send, given as `TYPE[:FLAGS[:HEX]]`; may be repeated")
	flags.Var(expectValue{&f.asks}, "expect", "the answer to the --ask before it: `ANSWER` is any, ok[:FLAGS[:HEX]] or failed[:FLAGS[:HEX]]")
}

// target returns the program that the flags or the command behind -- name.
func (f *targetFlags) target(cmd *cobra.Command, args []string) (*probe.Target, error) {
	dash := cmd.ArgsLenAtDash()
	given := 0
	for _, flag := range []string{"connect", "listen"} {
		if cmd.Flags().Changed(flag) {
			given++
		}
	}
	switch {
	case dash != 0 && len(args) > 0:
		return nil, hint.Add(fmt.Errorf("%q is not a flag: the program's command must follow --", args[0]), "%s -- %s", cmd.CommandPath(), quoteWords(args...))
	case len(args) > 0 && args[0] == "":
		return nil, emptyWord(cmd, "the program's command")
	case len(args) == 0 && given == 0:
		return nil, hint.Add(errors.New("no program is named: its command must follow --, or --connect or --listen must give an address"), "%s -- python3 server.py", cmd.CommandPath())
	case len(args) > 0 && given > 0 || given > 1:
		return nil, hint.Add(errors.New("the program is named twice: by more than one of --connect, --listen and the command behind --"), "leave all but one out")
	case len(args) > 0:
		return &probe.Target{Argv: args, Env: os.Environ()}, nil
	}
	flag, text := "--connect", f.connect
	if cmd.Flags().Changed("listen") {
		flag, text = "--listen", f.listenTo
	}
	a, err := probe.ParseAddress(flag, text)
	return &probe.Target{Address: a}, err
}

// listen begins to listen if --listen is given, and prints the address. The caller calls stop.
func (f *targetFlags) listen(cmd *cobra.Command, t *probe.Target) (stop func(), err error) {
	if f.listenTo == "" {
		return func() {}, nil
	}
	if t.Listener, err = probe.Listen("--listen", t.Address); err != nil {
		return nil, err
	}
	cmd.PrintErrf("packetspec: listening on %s\n", t)
	return func() { _ = t.Listener.Close() }, nil
}

// An askList holds the values of --ask and --expect, in the order of the command line.
type askList struct {
	asks  []steps.Ask
	texts []string // the flags with their values
}

func (l *askList) words() []string { return l.texts }

type askValue struct{ *askList }

func (v askValue) Set(text string) error {
	a, err := probe.ParseAsk(text)
	if err == nil {
		v.asks, v.texts = append(v.asks, a), append(v.texts, "--ask", text)
	}
	return err
}

func (v askValue) String() string { return "" }
func (v askValue) Type() string   { return "request" }

type expectValue struct{ *askList }

func (v expectValue) Set(text string) error {
	e, err := probe.ParseExpectation(text)
	switch {
	case err != nil:
		return err
	case len(v.asks) == 0:
		return hint.Add(fmt.Errorf("--expect is %q, without an --ask before it", text), "--ask 7 --expect %s", strings.TrimSpace(text))
	}
	v.asks[len(v.asks)-1].Expect, v.texts = e, append(v.texts, "--expect", text)
	return nil
}

func (v expectValue) String() string { return "" }
func (v expectValue) Type() string   { return "answer" }
