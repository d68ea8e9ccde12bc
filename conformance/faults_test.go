package conformance_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// A fault is one thing done wrongly that breaks one requirement.
type fault struct {
	name        string
	requirement string
	shows       report.Outcome // empty: as a failure
	make        func(*faulty)
}

// opens makes a fault of each connection.
func opens(hook func(*link)) func(*faulty) {
	return func(f *faulty) { f.open = hook }
}

// TestFaults proves that the steps can fail: each fault is caught by a scenario of
// the requirement that it breaks, with the outcome that it should show as.
func TestFaults(t *testing.T) {
	s := loadFeatures(t)
	faults := slices.Concat(codecFaults, requesterFaults, responderFaults, bothFaults, endFaults, shutdownFaults, timeFaults)
	tested := map[string]bool{}
	catch(t, s, faults, func(t *testing.T, f fault, r report.Result) {
		tested[f.requirement] = true
		want := f.shows
		if want == "" {
			want = report.Fail
		}
		if r.Outcome != want {
			t.Errorf("got the outcome %q, expected a scenario of %s to show it as %q\n%s",
				r.Outcome, f.requirement, want, (&report.Results{}).Explain(r))
		}
	})
	for _, r := range s.Requirements {
		if !tested[r.ID] {
			t.Errorf("no fault breaks %s: nothing proves that its scenarios can fail", r.ID)
		}
	}
}

// catch judges what comes of each fault.
func catch(t *testing.T, s *spec.Spec, faults []fault, judge func(*testing.T, fault, report.Result)) {
	t.Helper()
	results := make([]chan report.Result, len(faults))
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, 8) // at a time: most of the time goes into waiting for what never comes
	for i, f := range faults {
		results[i] = make(chan report.Result, 1)
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] <- f.caught(t, s)
		})
	}
	for i, f := range faults {
		t.Run(f.requirement+" "+f.name, func(t *testing.T) { judge(t, f, <-results[i]) })
	}
}

// caught is the result of the first scenario of its requirement that catches f, or
// else the last result. A pause that is not made gets several tries: a loaded machine
// may make it.
func (f fault) caught(t *testing.T, s *spec.Spec) (last report.Result) {
	tries := 1
	if strings.HasPrefix(f.requirement, "GRC-") {
		tries = 10
	}
	for range tries {
		if last = f.try(t, s); last.Outcome != report.Pass {
			break
		}
	}
	return last
}

func (f fault) try(t *testing.T, s *spec.Spec) (last report.Result) {
	scenarios, err := conformance.Filter{Run: f.requirement}.Select(s)
	if err != nil {
		t.Errorf("%s: %v", f.name, err)
		return last
	}
	if !strings.HasPrefix(f.requirement, "GRC-") && f.requirement != "BID-4" {
		scenarios = slices.DeleteFunc(scenarios, aboutWrites)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timeout := 20 * time.Second // what shows as a failure shows at once
	if f.shows == report.Timeout {
		timeout = time.Second
	}
	impl := &faulty{}
	f.make(impl)
	_, err = conformance.Run{
		Spec: s, Scenarios: scenarios, Subject: subject{impl}, Parallel: 1, Timeout: timeout, StartTime: 20 * time.Second,
		Observe: func(r report.Result) {
			last = r
			switch r.Outcome {
			case report.Fail, report.Timeout, report.Crash:
				cancel()
			}
		},
	}.Do(ctx)
	if err != nil {
		t.Errorf("%s: %v", f.name, err)
	}
	return last
}

// TestFaultless proves that it is the faults that fail: what they are hooked into
// passes the scenarios, with a relay and without.
func TestFaultless(t *testing.T) {
	s := loadFeatures(t)
	for name, c := range map[string]struct {
		scenarios []spec.Scenario
		hooks     func(*link)
	}{
		"without a relay": {s.Scenarios, func(*link) {}},
		"with a relay": {slices.DeleteFunc(slices.Clone(s.Scenarios), aboutWrites), func(l *link) {
			l.fromPeer = func(m message) { l.toSubject(m.octets) }
			l.fromSubject = func(m message) { l.toPeer(m.octets) }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := conformance.Run{
				Spec: s, Scenarios: c.scenarios, Subject: subject{&faulty{open: c.hooks}}, Parallel: 4,
				Timeout: 20 * time.Second, StartTime: 20 * time.Second,
			}.Do(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range r.Results {
				if result.Outcome != report.Pass && result.Outcome != report.Skip {
					t.Error(r.Explain(result))
				}
			}
		})
	}
}

// aboutWrites reports whether a scenario is about how packets are written, which a
// relay hides: it reads on, so that the reference never feels a full pipe, and writes
// one packet at a time.
func aboutWrites(sc spec.Scenario) bool {
	text := strings.Join(sc.Steps, "\n")
	return strings.Contains(text, "the peer stops reading") || strings.Contains(text, "come together")
}

func loadFeatures(t *testing.T) *spec.Spec {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
