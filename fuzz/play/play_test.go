package play_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/mutate"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/play"
)

// TestReference has the reference do what random inputs ask for: nothing differs.
func TestReference(t *testing.T) {
	t.Run("with all abilities", func(t *testing.T) {
		differsNowhere(t, plan.Abilities{Channels: true, Decode: true, DecodeFlags: true})
	})
	t.Run("with none", func(t *testing.T) { differsNowhere(t, plan.Abilities{}) })
}

func differsNowhere(t *testing.T, can plan.Abilities) {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 2))
	var corpus [][]byte
	raw := []byte(nil)
	for range inputs {
		raw = mutate.Mutate(chance, raw, raw, 4<<10)
		corpus = append(corpus, raw)
		if len(corpus) > 5 && chance.IntN(4) == 0 {
			raw = corpus[chance.IntN(len(corpus))]
		}
		if len(raw) > 400 {
			raw = nil
		}
		required := plan.Make(raw, can)
		end, err := play.Reference{}.Open(context.Background(), required)
		if err != nil {
			t.Fatal(err)
		}
		record := play.Play(end, required, play.Calm)
		end.Close()
		for _, d := range judge.Judge(required, record, true) {
			t.Fatalf("%s\n%s", d.Signature(), describe(raw, required, record, d))
		}
	}
}

// describe returns everything about a difference.
func describe(raw []byte, required *plan.Plan, record *judge.Record, d judge.Difference) (s string) {
	s = fmt.Sprintf("expected %s\ncame     %s\naborted %d finish %d end %+v hung %v ended %v\n% x\n", d.Expected, d.Came, record.Aborted, required.Finish, required.End, record.Hung, record.Ended, raw)
	for _, f := range input.Frames(raw) {
		s += fmt.Sprintf("  op %d shape %d %s\n", f.Op(), f.Shape, f.Packet)
	}
	for i, a := range required.Acts {
		s += fmt.Sprintf("%3d verb %d % x %s %d\n", i, a.Verb, a.Octets[:min(len(a.Octets), 60)], a.Gate, a.Index)
	}
	for _, a := range required.Answers {
		s += fmt.Sprintf("    %s sent %d due %d %s\n", a.Packet, a.Sent, a.Due, a.Allowed)
	}
	for _, a := range required.LocalRequests {
		s += fmt.Sprintf("    request %s submitted %d answered %d nested %d\n", a.Packet(), a.Submitted, a.Answered, a.Nested)
	}
	for _, p := range record.Packets {
		s += fmt.Sprintf("    got %d %s\n", p.Act, p.Packet)
	}
	return s
}

const (
	inputs = 1500
	seed   = 1
)

// A flood is the endpoint of a subject that writes for ever and replies to nothing.
type flood struct {
	changed chan struct{} // closed: there is always more
	taken   int
}

func (*flood) Write([]byte)                    {}
func (*flood) CloseSend()                      {}
func (*flood) Drain(time.Duration)             {}
func (*flood) Do(adapter.Message) play.Pending { return forEver{} }
func (f *flood) SentByNow() int                { return f.taken }
func (f *flood) Changed() <-chan struct{}      { return f.changed }
func (*flood) Dead() <-chan struct{}           { return nil }
func (*flood) Close()                          {}

func (f *flood) Take() ([]byte, bool) {
	octets := bytes.Repeat([]byte("\x02\x05\x04"), 1000)
	f.taken += len(octets)
	return octets, false
}

type forEver struct{}

func (forEver) Done() <-chan struct{} { return nil }

func (forEver) Wait(ctx context.Context) (adapter.Reply, error) {
	<-ctx.Done()
	return adapter.Reply{}, ctx.Err()
}

// TestFlood gives up a subject that writes without end, and reports what is wrong with it.
func TestFlood(t *testing.T) {
	end := &flood{changed: make(chan struct{})}
	close(end.changed)
	required := plan.Make([]byte("\x03\x05\x02\x01"), plan.Abilities{})
	record := play.Play(end, required, play.Patience{Due: time.Hour, End: time.Hour})
	packets, octets := required.MostSent()
	if len(record.Packets) > packets || end.taken > 2*octets {
		t.Errorf("%d packets of %d octets were taken, expected at most about %d and %d", len(record.Packets), end.taken, packets, octets)
	}
	var found []string
	for _, d := range judge.Judge(required, record, false) {
		found = append(found, d.Signature())
	}
	if !slices.Contains(found, "HND-1 extra answer open") {
		t.Errorf("found is %q, expected that there are too many answers", found)
	}
}

// A mute is the endpoint of a subject that sends nothing and replies to nothing.
type mute struct {
	did []string
}

func (*mute) Write([]byte)             {}
func (m *mute) CloseSend()             { m.did = append(m.did, "close") }
func (*mute) Drain(time.Duration)      {}
func (*mute) SentByNow() int           { return 0 }
func (*mute) Changed() <-chan struct{} { return nil }
func (*mute) Dead() <-chan struct{}    { return nil }
func (*mute) Close()                   {}
func (*mute) Take() ([]byte, bool)     { return nil, false }

func (m *mute) Do(c adapter.Message) play.Pending {
	if c.Op == adapter.OpRelease {
		m.did = append(m.did, "release "+c.Gate)
	}
	return forEver{}
}

// TestGiveUp ends the peer's stream and releases the gates of a script that is given up,
// though the acts that would have done so are left out, and notes the limits of its waits.
func TestGiveUp(t *testing.T) {
	raw := []byte("\x03\x01\x02\x01" + "\x03\x01\x02\x01") // the second waits for the answer to the first
	raw = append(raw, input.Step(input.Release, 0, []byte("g"))...)
	raw = append(raw, input.Step(input.Close, 0, nil)...)
	end := &mute{}
	record := play.Play(end, plan.Make(raw, plan.Abilities{}), play.Patience{Due: 20 * time.Millisecond, End: 30 * time.Millisecond})
	if slices.Sort(end.did); !slices.Equal(end.did, []string{"close", "release g"}) {
		t.Errorf("the player did %q, expected that it closes once and releases the gate", end.did)
	}
	if record.Waited != 20*time.Millisecond || record.WaitedEnd != 30*time.Millisecond {
		t.Errorf("waited %v and %v for the end, expected 20ms and 30ms", record.Waited, record.WaitedEnd)
	}
}
