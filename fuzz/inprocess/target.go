package inprocess

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A Target takes any octets, and tells by an error, which is a [*Violation], that the
// reference does with them what it must not.
type Target struct {
	Name string // as of its native fuzz target: Fuzz and Name
	Run  func(data []byte) error
}

// Targets are all there are, the quickest first.
func Targets() []Target {
	return []Target{
		{"Decode", Decode},
		{"RoundTrip", RoundTrip},
		{"Streams", Streams},
		{"Session", Session},
		{"Judged", Judged},
	}
}

// A Violation is what an input has shown to be wrong, with the requirement of
// features/SPEC.md that it breaks.
type Violation struct {
	Requirement string // its id
	While       string // what was done
	Expected    string
	Got         string
}

func (b *Violation) Error() string {
	return fmt.Sprintf("%s: %s\nexpected %s\ngot      %s", b.Requirement, b.While, b.Expected, b.Got)
}

// violates starts a Violation: violates("DEC-1", "decoding % x", b).expected("…").got("…").
func violates(requirement, format string, args ...any) *Violation {
	return &Violation{Requirement: requirement, While: fmt.Sprintf(format, args...)}
}

func (b *Violation) expected(format string, args ...any) *Violation {
	b.Expected = fmt.Sprintf(format, args...)
	return b
}

func (b *Violation) got(format string, args ...any) error {
	b.Got = fmt.Sprintf(format, args...)
	return b
}

// maxDuration is how long an execution may take before it counts as hung. None that does
// right takes a hundredth of it.
const maxDuration = 10 * time.Second

// maxInput is how many octets of an input count; what is behind them is left out. It
// bounds the time of one execution, and what a peer can ask a connection to hold.
const maxInput = 32 << 10

func truncate(data []byte) []byte { return data[:min(len(data), maxInput)] }

// guarded runs one execution of a target in a goroutine of its own. That it panics, does
// not end within limit, or leaves goroutines behind that it started is a [Violation] too.
// The context ends when the time is over and has been told of, so that what can still
// end does.
//
// A panic in a goroutine that the execution started cannot be caught: it ends the
// process, which is how a fuzzing engine learns of it.
func guard(limit time.Duration, execution func(context.Context) error) error {
	before := runtime.NumGoroutine()
	name := strconv.FormatInt(executions.Add(1), 10)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		// Goroutines inherit labels from the one that starts them.
		pprof.SetGoroutineLabels(pprof.WithLabels(ctx, pprof.Labels(labelKey, name)))
		defer func() {
			if p := recover(); p != nil {
				ended <- violates("BAD-1", "running the target").expected("no panic").got("panic: %v\n%s", p, debug.Stack())
			}
		}()
		ended <- execution(ctx)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-ended:
		if err != nil {
			return err
		}
		return checkNoneLeft(name, before, timer.C, limit)
	case <-timer.C:
		return violates("JOI-1", "running the target").expected("it to end").
			got("no end after %v; its goroutines:\n%s", limit, goroutines(name))
	}
}

// executions counts them, to tell their goroutines apart.
var executions atomic.Int64

// labelKey is the pprof label of an execution's goroutines.
const labelKey = "packetspec-execution"

// checkNoneLeft waits until the goroutines of an execution are gone. That no more
// goroutines exist than before tells so at once; otherwise those with its label do,
// because others may have been started beside it.
func checkNoneLeft(name string, before int, timeout <-chan time.Time, limit time.Duration) error {
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return nil
		}
		runtime.Gosched() // those that have nothing left to do end
	}
	for {
		left := goroutines(name)
		if left == "" {
			return nil
		}
		select {
		case <-time.After(time.Millisecond): // no event tells of the end of a goroutine
		case <-timeout:
			return violates("JOI-1", "looking for what the connection left").
				expected("no goroutines").got("these, for %v:\n%s", limit, left)
		}
	}
}

// goroutines is the stacks of the goroutines of an execution.
func goroutines(name string) string {
	var all strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1) // stacks with labels, one paragraph each
	var own []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("%q:%q", labelKey, name)) {
			own = append(own, stack)
		}
	}
	return strings.Join(own, "\n\n")
}

// memoryFor returns how many bytes of memory the reading of so many octets may cost. An
// octet that only declares a length must cost nothing. (BAD-4)
func memoryFor(octets int) uint64 {
	const (
		slack    = 1 << 20 // for what the rest of the process allocates meanwhile
		perOctet = 8 << 10 // a packet has three octets and is read several ways, at double cost under the race detector
	)
	return slack + perOctet*uint64(octets)
}

// bounded runs f and returns a [Violation] if it allocates more than most bytes.
//
// It measures the whole process, so it also counts what a fuzzing engine allocates now and
// then. It therefore runs f again, and fails only if every run allocates too much.
func limitMemory(most uint64, f func() error) error {
	const runs = 5
	least := uint64(math.MaxUint64)
	for range runs {
		before := allocated()
		if err := f(); err != nil {
			return err
		}
		if least = min(least, allocated()-before); least <= most {
			return nil
		}
	}
	return violates("BAD-4", "reading the input").
		expected("at most %d bytes of memory to be allocated", most).got("%d", least)
}

// allocated is how much memory this process has allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
