package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// interview has one implementation hear data, and tells all that it did. Its handlers are
// held until the peer's stream has ended, so that nothing depends on time.
func interview(ctx context.Context, implementation adapter.Implementation, data []byte, unanswered uint64) (transcript, error) {
	release := make(chan struct{})
	user := &interviewed{release: release}
	line, err := dial(implementation, user.handle)
	if err != nil {
		return transcript{}, err
	}
	stop := context.AfterFunc(ctx, line.hangUp) // so that nothing waits for ever
	defer stop()
	defer line.hangUp()

	var calls []adapter.Call
	for _, channel := range []uint64{0, 5, unanswered} {
		r := adapter.Request{RqType: "7", Flags: "3", Channel: adapter.Int(channel), Payload: []byte("?")}
		if channel == 0 {
			r.Decode = reversedUnlessEmpty
		}
		call, err := line.Request(ctx, r)
		if err != nil {
			return transcript{}, breaks("RQS-1", "requesting on channel %d", channel).expected("no error").got("%v", err)
		}
		calls = append(calls, call)
	}
	line.say(data)
	_, cancelled := calls[2].Wait(ctx) // it ends when the peer's stream does
	close(release)
	ended, err := line.Join()
	again, errAgain := line.Join()
	if err = errors.Join(err, errAgain); err != nil || ended != again {
		return transcript{}, breaks("JOI-1", "joining twice").expected("the same, without error").got("%q and %q, error %v", ended, again, err)
	}
	if _, err := line.Request(ctx, adapter.Request{RqType: "1"}); adapter.KindOf(err) != adapter.Closed {
		return transcript{}, breaks("EOS-8", "requesting after the end").expected("an error of kind closed").got("%v", err)
	}
	if err := line.Shutdown(true); err != nil {
		return transcript{}, breaks("SHD-4", "shutting down after the end").expected("no error").got("%v", err)
	}
	heard, err := line.listen(ctx)
	if err != nil {
		return transcript{}, err
	}
	user.mu.Lock()
	defer user.mu.Unlock()
	t := transcript{ended, fmt.Sprintf("error %q", adapter.KindOf(cancelled)), "", "", sorted(heard), sorted(user.seen)}
	for i, call := range calls[:2] {
		r, err := call.Wait(ctx)
		t[2+i] = fmt.Sprintf("%+v, error %q", r, adapter.KindOf(err))
	}
	return t, nil
}

// reversedUnlessEmpty is a decoder that uses both of its arguments, and can fail.
func reversedUnlessEmpty(flags adapter.Integer, payload []byte) ([]byte, error) {
	if len(payload) == 0 {
		return nil, errDecoder
	}
	value := append([]byte(flags), payload...)
	slices.Reverse(value)
	return value, nil
}

// A transcript is what an implementation did, topic by topic.
type transcript [6]string

var topics = [6]struct{ requirement, name string }{
	{"JOI-2", "how the peer's stream ended"},
	{"EOS-1", "a request that was never answered"},
	{"RSP-2", "a request on channel 0"},
	{"CHN-3", "a request on channel 5"},
	{"RSP-1", "what was sent"},
	{"RQS-2", "the calls of the handler"},
}

// sorted is all the lines, in an order that does not depend on time.
func sorted(lines []string) string {
	slices.Sort(lines)
	var all bytes.Buffer
	for _, line := range lines {
		fmt.Fprintf(&all, "\n           %s", line)
	}
	return all.String()
}
