package doctor

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// looked returns what a look finds, and whether the adapter may go on. It fails the test if the adapter
// does not start.
func looked(t testing.TB, s adapter.Starter, timeout time.Duration) (found []Finding, usable bool) {
	t.Helper()
	look := NewLook()
	ctx, cancel := context.WithTimeout(look.Context(context.Background()), startTime)
	defer cancel()
	session, err := s.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Kill()
	return look.Take(context.Background(), session, t.TempDir(), timeout, true)
}

// TestLookBlamesNoImplementation looks at the second implementation with every fault.
func TestLookBlamesNoImplementation(t *testing.T) {
	withEveryFault(t, func(name string, s adapter.Starter) {
		if found, _ := looked(t, s, time.Second); len(found) > 0 {
			t.Errorf("%s: %s", name, textOf(found))
		}
	})
}

// TestLook looks at adapters with planted faults: what a look finds is a part of what the checks find, and
// at least this.
func TestLook(t *testing.T) {
	if found, usable := looked(t, withFault(t, ""), 10*time.Second); len(found) > 0 || !usable {
		t.Errorf("without a fault: usable %v, %s", usable, textOf(found))
	}
	for _, name := range []string{
		"line ends of Windows", "hex in uppercase", "a null type", "opens send first", "opens recv both ways", "an unknown kind of error",
		"accepts every command", "refuses unlisted fields", "waits in turn", "gates open for waiters", "claims string",
		"dies of long lines", "replies twice",
	} {
		found, _ := looked(t, withFault(t, name), 3*time.Second)
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.Kind == plants[name].kind }) {
			t.Errorf("%s: expected %s, got %s", name, plants[name].kind, textOf(found))
		}
	}
}

// TestLookEnds looks at adapters with every planted fault: each look ends, and blames the adapter only for
// what is planted.
func TestLookEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: many adapters hang")
	}
	atOnce := make(chan struct{}, 16)
	var all sync.WaitGroup
	defer all.Wait()
	for _, name := range slices.Sorted(maps.Keys(plants)) {
		atOnce <- struct{}{}
		all.Go(func() {
			defer func() { <-atOnce }()
			p := withFault(t, name)
			p.Env = append(p.Env, "PLANTED_LOCK="+filepath.Join(t.TempDir(), "lock"))
			look := NewLook()
			ctx, cancel := context.WithTimeout(look.Context(context.Background()), 2*time.Second)
			defer cancel()
			session, err := p.Start(ctx)
			if err != nil {
				return // as today
			}
			defer session.Kill()
			found, _ := look.Take(context.Background(), session, t.TempDir(), time.Second, true)
			for _, f := range found {
				if f.Kind != plants[name].kind && !slices.Contains(plants[name].also, f.Kind) {
					t.Errorf("%s: also found\n%s", name, f.Text())
				}
			}
		})
	}
}

// BenchmarkLook measures how long a look delays a run of the suite.
func BenchmarkLook(b *testing.B) {
	p := adapter.Process{Argv: self.Argv, Env: append(slices.Clip(self.Env), plantedVariable+"=")}
	for b.Loop() {
		b.StopTimer()
		look := NewLook()
		session, err := p.Start(look.Context(context.Background()))
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if found, usable := look.Take(context.Background(), session, b.TempDir(), 5*time.Second, true); len(found) > 0 || !usable {
			b.Error(textOf(found))
		}
		b.StopTimer()
		session.Kill()
		b.StartTimer()
	}
}
