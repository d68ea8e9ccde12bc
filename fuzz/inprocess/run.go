package inprocess

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// patience is how long an execution may take before it counts as hung. None that does
// right takes a hundredth of it.
const patience = 10 * time.Second

// maxInput is how many octets of an input count; what is behind them is left out. It
// bounds the time of one execution, and what a peer can ask a connection to hold.
const maxInput = 32 << 10

func cut(data []byte) []byte { return data[:min(len(data), maxInput)] }

// guarded runs one execution of a target in a goroutine of its own. That it panics, does
// not end within limit, or leaves goroutines behind that it started is a [Breach] too.
// The context ends when the time is over and has been told of, so that what can still
// end does.
//
// A panic in a goroutine that the execution started cannot be caught: it ends the
// process, which is how a fuzzing engine learns of it.
func guarded(limit time.Duration, execution func(context.Context) error) error {
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
				ended <- breaks("BAD-1", "running the target").expected("no panic").got("panic: %v\n%s", p, debug.Stack())
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
		return nothingLeft(name, before, timer.C, limit)
	case <-timer.C:
		return breaks("JOI-1", "running the target").expected("it to end").
			got("no end after %v; its goroutines:\n%s", limit, goroutines(name))
	}
}

// executions counts them, to tell their goroutines apart.
var executions atomic.Int64

// labelKey is the pprof label of an execution's goroutines.
const labelKey = "packetspec-execution"

// nothingLeft waits until the goroutines of an execution are gone. That no more
// goroutines exist than before tells so at once; otherwise those with its label do,
// because others may have been started beside it.
func nothingLeft(name string, before int, timeout <-chan time.Time, limit time.Duration) error {
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
			return breaks("JOI-1", "looking for what the connection left").
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
