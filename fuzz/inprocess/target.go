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

// A Target checks one input, which may be any bytes. Run returns nil, or an error that is or
// wraps a [*Violation]. Calls of Run may be concurrent, but each also counts the memory that
// the others allocate, and so may report too much.
type Target struct {
	Name string // its native fuzz target is called Fuzz and Name
	Run  func(data []byte) error
}

// Targets returns all targets, the fastest first.
func Targets() []Target {
	return []Target{
		{"Decode", Decode},
		{"RoundTrip", RoundTrip},
		{"Streams", Streams},
		{"Session", Session},
		{"Judged", Judged},
	}
}

// A Violation reports which requirement of features/SPEC.md an input showed to be broken.
type Violation struct {
	Requirement string // its id
	While       string // what was done
	Expected    string
	Got         string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %s\nexpected %s\ngot      %s", v.Requirement, v.While, v.Expected, v.Got)
}

// violates starts a Violation: violates("DEC-1", "decoding % x", b).expected("…").got("…").
func violates(requirement, format string, args ...any) *Violation {
	return &Violation{Requirement: requirement, While: fmt.Sprintf(format, args...)}
}

func (v *Violation) expected(format string, args ...any) *Violation {
	v.Expected = fmt.Sprintf(format, args...)
	return v
}

func (v *Violation) got(format string, args ...any) error {
	v.Got = fmt.Sprintf(format, args...)
	return v
}

// maxDuration is how long an execution may take before it counts as hung. A correct
// execution takes less than a hundredth of it.
const maxDuration = 10 * time.Second

// maxInput is how many bytes of an input are used; the rest is ignored. It bounds the
// time of an execution, and what a peer can make a connection hold.
const maxInput = 32 << 10

func truncate(data []byte) []byte { return data[:min(len(data), maxInput)] }

// guard runs one execution of a target in its own goroutine. It returns a [Violation] if
// the execution panics, takes longer than limit, or leaves goroutines behind. The context
// is cancelled when guard returns, so that whatever waits for it ends.
//
// A panic in another goroutine that the execution started cannot be recovered. It ends
// the process, which every fuzzing engine reports.
func guard(limit time.Duration, execution func(context.Context) error) error {
	before := runtime.NumGoroutine()
	name := strconv.FormatInt(executions.Add(1), 10)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		// A goroutine inherits the labels of the goroutine that starts it.
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

// executions counts executions, so that each has a name for its goroutines.
var executions atomic.Int64

// labelKey is the pprof label of an execution's goroutines.
const labelKey = "packetspec-execution"

// checkNoneLeft waits until the goroutines of an execution have ended. Usually their
// number shows that at once. If it does not, because other goroutines were started
// meanwhile, the labels do.
func checkNoneLeft(name string, before int, timeout <-chan time.Time, limit time.Duration) error {
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return nil
		}
		runtime.Gosched() // goroutines that have nothing left to do end
	}
	for {
		left := goroutines(name)
		if left == "" {
			return nil
		}
		select {
		case <-time.After(time.Millisecond): // no event reports the end of a goroutine
		case <-timeout:
			return violates("JOI-1", "looking for what the execution left behind").
				expected("no goroutines").got("these, for %v:\n%s", limit, left)
		}
	}
}

// goroutines returns the stacks of the goroutines of an execution.
func goroutines(name string) string {
	var all strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1) // stacks with labels, one paragraph each
	var labelled []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("%q:%q", labelKey, name)) {
			labelled = append(labelled, stack)
		}
	}
	return strings.Join(labelled, "\n\n")
}

// memoryFor returns how many bytes a target may allocate to read a number of octets. A
// length that is only declared must cost nothing. (BAD-4)
func memoryFor(octets int) uint64 {
	const (
		slack    = 1 << 20 // for what the rest of the process allocates meanwhile
		perOctet = 8 << 10 // a packet has three octets and is read several ways, at double cost under the race detector
	)
	return slack + perOctet*uint64(octets)
}

// limitMemory runs f and returns a [Violation] if it allocates more than most bytes.
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

// allocated returns how many bytes this process has allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
