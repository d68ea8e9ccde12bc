package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/reference"
)

// Differential gives data to the reference and to the second implementation, which was
// written from the specification alone: as octets to decode, and as all that the peer of
// a connection sends. They must agree wherever the specification does not leave it open:
// open are integers of 2^61 and more, the order of answers and the words of a failure.
func Differential(data []byte) error {
	sound, err := mutant.New("")
	if err != nil {
		return err
	}
	return pair{goreference.Implementation{}, sound}.differentialTarget(data, patience)
}

// A pair is two implementations that are to agree.
type pair [2]adapter.Implementation

func (two pair) differentialTarget(data []byte, limit time.Duration) error {
	data = cut(data)
	return guarded(limit, func(ctx context.Context) error {
		if err := two.decodeAlike(data); err != nil {
			return err
		}
		h := hearing(data)
		if slices.Contains(h.ends, outOfUint) || slices.Contains(h.ends, tooLarge) {
			return nil // where one ends the stream, the other may go on
		}
		return two.behaveAlike(ctx, data, h)
	})
}

// decodeAlike: both read the same packet from data, and write the same octets for it.
func (two pair) decodeAlike(data []byte) error {
	r := oracleRead(data)
	switch {
	case r.beyond && r.verdict == whole:
		return two.beyondExactOrRefused(data, r.packet)
	case r.beyond, r.length.over(maxLength):
		return nil // INT-5
	}
	var read, written [2]string
	for i, implementation := range two {
		p, n, err := implementation.Decode(data)
		if err != nil {
			read[i] = "error " + string(adapter.KindOf(err))
			continue
		}
		read[i] = fmt.Sprintf("%+v, %d octets", p, n)
		octets, err := implementation.Encode(p)
		written[i] = fmt.Sprintf("% x, error %q", octets, adapter.KindOf(err))
		if err := compareNearlyEqual(implementation, p); err != nil {
			return err
		}
	}
	if read[0] != read[1] {
		return two.differ("DEC-1", fmt.Sprintf("decoding % x", data), read)
	}
	if written[0] != written[1] {
		return two.differ("ENC-1", fmt.Sprintf("decoding and encoding % x", data), written)
	}
	return nil
}

// maxLength is up to where a declared length is one for all: more octets cannot come.
const maxLength = 1 << 61

// behaveAlike: both do the same when data is all that their peer sends.
func (two pair) behaveAlike(ctx context.Context, data []byte, h heard) error {
	var transcripts [2]transcript
	for i, implementation := range two {
		var err error
		if transcripts[i], err = interview(ctx, implementation, data, h.unanswered); err != nil {
			return fmt.Errorf("%s: %w", implementation.Hello().Name, err)
		}
	}
	for i, topic := range topics {
		if a, b := transcripts[0][i], transcripts[1][i]; a != b {
			return two.differ(topic.requirement, fmt.Sprintf("comparing %s after % x", topic.name, data), [2]string{a, b})
		}
	}
	return nil
}

func (two pair) differ(requirement, while string, did [2]string) error {
	return breaks(requirement, "%s", while).
		expected("both to do the same").
		got("%s: %s\n         %s: %s", two[0].Hello().Name, did[0], two[1].Hello().Name, did[1])
}

// beyondExactOrRefused: a packet with an integer beyond 61 bits, which data begins with, is
// refused or exactly right. (INT-5) What is beyond the oracle as well is not looked at.
func (two pair) beyondExactOrRefused(data []byte, want oraclePacket) error {
	if want.beyondOracle() {
		return nil
	}
	for _, implementation := range two {
		got, _, err := implementation.Decode(data)
		if err != nil {
			continue
		}
		if exact := toAdapter(want); fmt.Sprint(got) != fmt.Sprint(exact) {
			return breaks("INT-5", "%s decoding % x", implementation.Hello().Name, data).
				expected("%+v, or an error", exact).got("%+v", got)
		}
	}
	return nil
}

func toAdapter(p oraclePacket) adapter.Packet {
	integer := func(v natural) adapter.Integer { return adapter.Integer(v.String()) }
	q := adapter.Packet{
		IsRequest: p.isRequest, Channel: integer(p.channel), Tag: integer(p.tag), Flags: integer(p.flags),
		Payload: p.payload,
	}
	if p.isRequest {
		q.RqType = integer(p.rqType)
	}
	return q
}

// compareNearlyEqual has an implementation compare p with itself, and with packets that
// differ in one field. Responses have no type. (EQ-1, EQ-2)
func compareNearlyEqual(implementation adapter.Implementation, p adapter.Packet) error {
	equaler, ok := implementation.(adapter.Equaler)
	if !ok {
		return nil
	}
	other := func(v adapter.Integer) adapter.Integer {
		if v == "1" {
			return "2"
		}
		return "1"
	}
	for _, variant := range []struct {
		name   string
		change func(*adapter.Packet)
	}{
		{"nothing", func(*adapter.Packet) {}},
		{"kind", func(q *adapter.Packet) { q.IsRequest = !q.IsRequest }},
		{"channel", func(q *adapter.Packet) { q.Channel = other(q.Channel) }},
		{"tag", func(q *adapter.Packet) { q.Tag = other(q.Tag) }},
		{"flags", func(q *adapter.Packet) { q.Flags = other(q.Flags) }},
		{"type", func(q *adapter.Packet) { q.RqType = other(q.RqType) }},
		{"length", func(q *adapter.Packet) { q.Payload = append(q.Payload[:len(q.Payload):len(q.Payload)], 'x') }},
		{"payload", func(q *adapter.Packet) {
			q.Payload = append(adapter.Hex{}, q.Payload...)
			for i := range q.Payload {
				q.Payload[i] ^= 0xff
			}
		}},
	} {
		q := p
		variant.change(&q)
		want := variant.name == "nothing" || variant.name == "type" && !p.IsRequest || variant.name == "payload" && len(p.Payload) == 0
		if got, err := equaler.Equal(p, q); got != want || err != nil {
			return breaks("EQ-1", "%s comparing %+v with the same but for its %s", implementation.Hello().Name, p, variant.name).
				expected("%t", want).got("%t, error %v", got, err)
		}
	}
	return nil
}

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

// A line is a connection of an implementation over two pipes, and the peer's ends of them.
type line struct {
	adapter.Connection
	to, from *os.File
	hangUp   func()

	heard chan []byte // all that came
}

// dial opens a connection over two anonymous pipes.
func dial(implementation adapter.Implementation, h adapter.Handler) (*line, error) {
	recv, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, send, err := os.Pipe()
	if err != nil {
		_, _ = recv.Close(), to.Close()
		return nil, err
	}
	var noGrace float64
	c, err := implementation.Open(recv, send, adapter.OpenOptions{Grace: &noGrace}, h)
	if err != nil {
		_, _, _, _ = recv.Close(), send.Close(), to.Close(), from.Close()
		return nil, fmt.Errorf("open a connection: %w", err)
	}
	l := &line{Connection: c, to: to, from: from, heard: make(chan []byte, 1)}
	l.hangUp = sync.OnceFunc(func() {
		_, _, _ = c.Close(), to.Close(), from.Close()
	})
	go func() {
		octets, _ := io.ReadAll(from)
		l.heard <- octets
	}()
	return l, nil
}

// say writes octets and then ends the stream, while the connection reads.
func (l *line) say(octets []byte) {
	go func() {
		_, _ = l.to.Write(octets) // it may read only some
		_ = l.to.Close()
	}()
}

// listen waits for the end of what the connection sends, and tells each packet but the
// EOF packet. The words of a failure are free.
func (l *line) listen(ctx context.Context) (lines []string, err error) {
	var octets []byte
	select {
	case octets = <-l.heard:
	case <-ctx.Done():
		return nil, breaks("EOS-7", "waiting for the end of what is sent").expected("it to end").got("%v", ctx.Err())
	}
	packets, err := (&sink{octets: octets, closed: true}).packets()
	if err != nil {
		return nil, err
	}
	for _, p := range packets {
		if !p.IsRequest && p.Flags%2 == 0 {
			p.Payload = []byte("failure")
		}
		lines = append(lines, show(p))
	}
	return lines, nil
}

// An interviewed is the handler of a connection, which holds every request until it is
// released.
type interviewed struct {
	release chan struct{}

	mu   sync.Mutex
	seen []string
}

func (u *interviewed) handle(_ context.Context, rqType, flags adapter.Integer, payload []byte) (adapter.Result, error) {
	u.mu.Lock()
	u.seen = append(u.seen, fmt.Sprintf("type %s, flags %s, payload % x", rqType, flags, payload))
	u.mu.Unlock()
	<-u.release
	kind, err := rqType.Uint64()
	if err != nil {
		return adapter.Result{}, err
	}
	if v, err := flags.Uint64(); err != nil || v > reference.MaxInteger>>1 {
		flags = "0" // a response with more may be refused
	}
	form := adapter.Form(kind % 6)
	if form == adapter.FormInvalid {
		return adapter.Result{}, fmt.Errorf("type %d fails", kind)
	}
	return adapter.Result{Form: form, Flags: flags, Payload: payload, Text: fmt.Sprintf("ü%q", payload)}, nil
}
