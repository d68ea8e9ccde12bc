package conformance_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A fake is a subject that does in each scenario what the test wants: "right", "wrong",
// "nothing", "refuse", "stray" or "die". Such words with | between them alternate, run by run.
type fake struct {
	t    *testing.T
	does []string // by scenario
	spec *spec.Spec

	mu        sync.Mutex
	runs      map[uint64]int // by scenario
	starts    []error        // of the first starts; those after them succeed
	stopErr   error          // of each Stop
	started   int
	stopped   int
	killed    int
	alive     int
	mostAlive int
}

// newFake returns a fake with a specification that has one scenario for each word.
func newFake(t *testing.T, does ...string) *fake {
	t.Helper()
	var feature strings.Builder
	feature.WriteString("Feature: Fake\n")
	for i := range does {
		fmt.Fprintf(&feature, "\n  @A-1 @must\n  Scenario: number %d\n    Then response: tag %d encodes to 02 %02x 00\n", i, i, i)
	}
	s, err := spec.Load(fstest.MapFS{
		"SPEC.md":         {Data: []byte("Version 1.0.\n\n**A-1** *(must; observed)* It is so.\n")},
		"01-fake.feature": {Data: []byte(feature.String())},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &fake{t: t, does: does, spec: s, runs: map[uint64]int{}}
}

// run returns a run of all its scenarios.
func (f *fake) run() conformance.Run {
	return conformance.Run{
		Version: "test", Spec: f.spec, Scenarios: f.spec.Scenarios, Subject: f, Parallel: 1,
		Timeout: 500 * time.Millisecond, StartTime: 10 * time.Second,
	}
}

// results returns the results of a run of a fake, by a clock of its own: time passes only
// while every goroutine waits, so no load on the machine makes a scenario time out.
func results(t *testing.T, run conformance.Run) (r *report.Results) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { r = realResults(t, run) })
	return r
}

// realResults returns the results of a run, by the clock of this machine.
func realResults(t *testing.T, run conformance.Run) *report.Results {
	t.Helper()
	r, err := run.Do(t.Context())
	if err != nil {
		t.Fatalf("got the error %v, expected results", err)
	}
	return r
}

// outcomes returns the outcomes of the results, in their order.
func outcomes(r *report.Results) string {
	var words []string
	for _, result := range r.Results {
		words = append(words, string(result.Outcome))
	}
	return strings.Join(words, " ")
}

func (f *fake) String() string { return "" }

// Start implements [adapter.Starter].
func (f *fake) Start(ctx context.Context) (*adapter.Session, error) {
	if err := f.begin(); err != nil {
		return nil, err
	}
	s, err := adapter.Func(f.serve).Start(ctx)
	if err != nil {
		f.end(&f.killed)
		return nil, err
	}
	stop, kill := s.Stop, s.Kill
	s.Stop = func() error { _ = stop(); f.end(&f.stopped); return f.stopErr }
	s.Kill = func() { kill(); f.end(&f.killed) }
	s.DescribeExit = func(unanswered string) string { return "the fake's exit before " + unanswered }
	s.Stderr = func() string { return "the fake's last words" }
	return s, nil
}

// end counts the end of an adapter.
func (f *fake) end(count *int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alive--
	*count++
}

// begin counts a start, and returns its error.
func (f *fake) begin() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started++
	if f.started <= len(f.starts) && f.starts[f.started-1] != nil {
		return f.starts[f.started-1]
	}
	f.alive++
	f.mostAlive = max(f.mostAlive, f.alive)
	return nil
}

// next returns what to do in a scenario.
func (f *fake) next(scenario uint64) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs[scenario]++
	words := strings.Split(f.does[scenario], "|")
	return words[(f.runs[scenario]-1)%len(words)]
}

// serve answers commands, as the adapter, until they end or the fake dies.
func (f *fake) serve(_ context.Context, commands io.Reader, replies io.Writer) error {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(replies, format+"\n", args...) }
	for lines := bufio.NewScanner(commands); lines.Scan(); {
		var m adapter.Message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			f.t.Errorf("the runner's command: %v", err)
			return nil
		}
		if m.Op != adapter.OpEncode {
			say(`{"id":%d,"version":1,"name":"fake","release":"5","language":"none"}`, m.ID)
			continue
		}
		tag, err := m.Packet.Tag.Uint64()
		if err != nil {
			f.t.Errorf("the runner's command: %v", err)
			return nil
		}
		switch f.next(tag) {
		case "right":
			say(`{"id":%d,"bytes":"02%02x00"}`, m.ID, tag)
		case "wrong":
			say(`{"id":%d,"bytes":"02ff00"}`, m.ID)
		case "refuse":
			say(`{"id":%d,"error":{"kind":"unsupported","message":"not that"}}`, m.ID)
		case "stray":
			say("Traceback")
		case "die":
			return nil
		}
	}
	return nil
}

// A startHook starts a fake, and calls a function with the number of its starts.
type startHook struct {
	*fake
	started func(int)
}

// Start implements [adapter.Starter].
func (h startHook) Start(ctx context.Context) (*adapter.Session, error) {
	s, err := h.fake.Start(ctx)
	h.started(h.fake.started)
	return s, err
}
