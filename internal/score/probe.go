package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/probe"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/output"
)

// probed holds which scenarios find a fault of a program, which is reached by a socket or, as a process whose
// memory can be measured, by its standard streams.
type probed struct {
	mutant.Fault
	found   []string
	process bool
}

// atOnce is how many programs are probed at a time. With most faults they wait.
const atOnce = 16

func newProbe() *cobra.Command {
	var page string
	cmd := &cobra.Command{
		Use: "probe", Short: "Probe a program with each fault, and write conformance/probe/SCORE.md", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := spec.Load(features.FS)
			if err != nil {
				return err
			}
			scenarios, err := conformance.Filter{Tags: steps.OutsideTag}.Select(s)
			if err != nil {
				return err
			}
			pages, err := output.Open(cmd.Context(), page)
			if err != nil {
				return fmt.Errorf("--page: %w", err)
			}
			defer pages.Close()
			faults := slices.DeleteFunc(mutant.Faults(), mutant.Fault.Later)
			all := []probed{{}} // first without a fault
			for _, f := range faults {
				all = append(all, probed{Fault: f})
			}
			errs := make([]error, len(all))
			places := make(chan struct{}, atOnce)
			var done sync.WaitGroup
			for i := range all {
				places <- struct{}{}
				done.Go(func() {
					errs[i] = all[i].probe(cmd.Context(), s, scenarios)
					cmd.PrintErrf("%-40s %s\n", all[i].Name, strings.Join(all[i].found, " "))
					<-places
				})
			}
			done.Wait()
			if err := errors.Join(errs...); err != nil {
				return err
			}
			if found := all[0].found; len(found) > 0 {
				return fmt.Errorf("scenarios fail without a fault: %q", found)
			}
			all = all[1:]
			return pages.Write(func(w io.Writer) error { _, err := io.WriteString(w, probePage(all)); return err })
		},
	}
	cmd.Flags().StringVar(&page, "page", "conformance/probe/SCORE.md", "the `file` of the page")
	return cmd
}

// The requests that a prober of the mutant would name: of its standard handler, with each kind of answer.
var mutantAsks = []string{"2:5:6869", "1:300", "9:0:6e", "5:0:6e6f", "0"}

// probe probes the mutant with the fault.
func (p *probed) probe(ctx context.Context, s *spec.Spec, scenarios []spec.Scenario) error {
	self, err := adapter.Self("program", "--fault", p.Name)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "score")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	file, err := l.(*net.UnixListener).File()
	if err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	program, err := adapter.StartProgram(append(self.Argv, "--accept"), self.Env, file, null)
	_, _ = file.Close(), null.Close()
	if err != nil {
		return err
	}
	defer program.End(0)
	p.found, err = findings(ctx, s, scenarios, &probe.Target{Address: probe.Address{Network: "unix", Path: socket}})
	if err == nil && len(p.found) == 0 && (p.Requirement == "BAD-4" || p.Requirement == "BAD-5") {
		p.process = true
		p.found, err = findings(ctx, s, s.Testing(p.Requirement), &probe.Target{Argv: self.Argv, Env: self.Env})
	}
	return err
}

// notSpokenTo stands for a scenario where the examination of the program ends with exit status 3.
const notSpokenTo = "(exit status 3)"

func findings(ctx context.Context, s *spec.Spec, scenarios []spec.Scenario, t *probe.Target) (found []string, err error) {
	var asks []steps.Ask
	for _, text := range mutantAsks {
		a, err := probe.ParseAsk(text)
		if err != nil {
			return nil, err
		}
		asks = append(asks, a)
	}
	outside := slices.DeleteFunc(slices.Clone(scenarios), func(sc spec.Scenario) bool { return !slices.Contains(sc.Tags, steps.OutsideTag) })
	run := conformance.Run{Spec: s, Scenarios: outside, Parallel: 8, Timeout: time.Second, StartTime: 2 * time.Second}
	run.Last = func(r report.Result) bool { return r.Outcome.Deviates() }
	results, err := probe.Run{Series: conformance.Series{Run: run}, Target: t, Asks: asks}.Do(ctx)
	if results == nil {
		if ctx.Err() == nil {
			return []string{notSpokenTo}, nil
		}
		return nil, err
	}
	for _, r := range results.Results {
		if r.Outcome.Deviates() {
			found = append(found, r.ID)
		}
	}
	return found, ctx.Err()
}

// probePage returns the page SCORE.md.
func probePage(all []probed) string {
	var found, others []string
	for _, p := range all {
		if len(p.found) == 0 {
			others = append(others, p.Name)
			continue
		}
		how := ""
		if p.process {
			how = ", of a process"
		}
		found = append(found, fmt.Sprintf("| %s | %s | %s | %s%s |\n", p.Requirement, p.Name, p.Text, p.found[0], how))
	}
	return fmt.Sprintf(`# The faults that packetspec probe finds

The second implementation was probed with each of its faults behind a socket, with --ask %s. Of %d faults,
%d show at the other end of a connection. The others show to the local user, in the codec alone, or in
answers whose content is not known. "go run ./internal/score probe" writes this page.

| requirement | fault | the mutant … | the first scenario that finds it |
|---|---|---|---|
%s
Not found: %s.
`, strings.Join(mutantAsks, " --ask "), len(all), len(found), strings.Join(found, ""), strings.Join(others, ", "))
}

// newProgram returns the command that the measurement of programs starts.
func newProgram() *cobra.Command {
	var fault string
	var accept bool
	cmd := &cobra.Command{
		Use: "program", Short: "Serve the mutant with a fault on the standard streams, or on a socket that is the standard input", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			impl, err := mutant.New(fault)
			if err != nil {
				return err
			}
			server := adapter.NewServer(impl)
			open := func(name string, recv io.ReadCloser, send io.WriteCloser) error {
				handler, grace := true, 0.0
				return server.Open(recv, send, adapter.Message{Op: adapter.OpOpen, Conn: name, Handler: &handler, Grace: &grace})
			}
			if !accept {
				if err := open("c", os.Stdin, os.Stdout); err != nil {
					return err
				}
				<-cmd.Context().Done()
				return nil
			}
			l, err := net.FileListener(os.Stdin)
			for n := 0; err == nil; n++ {
				var conn net.Conn
				if conn, err = l.Accept(); err == nil {
					err = open(fmt.Sprint(n), halfConn{conn}, sendHalf{conn})
				}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&fault, "fault", "", "the name of the fault")
	cmd.Flags().BoolVar(&accept, "accept", false, "accept connections")
	return cmd
}

// halfConn is the receiving half of a socket, and sendHalf the sending one: each is closed by itself.
type halfConn struct{ net.Conn }

// Close closes the receiving half.
func (h halfConn) Close() error { return h.Conn.(interface{ CloseRead() error }).CloseRead() }

type sendHalf struct{ net.Conn }

// Close closes the sending half.
func (h sendHalf) Close() error { return h.Conn.(interface{ CloseWrite() error }).CloseWrite() }
