package play_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/mutate"
	"github.com/packetspec/packetspec/fuzz/play"
)

// TestReference has the reference do what random inputs ask for: nothing differs.
func TestReference(t *testing.T) {
	t.Run("with all abilities", func(t *testing.T) {
		differsNowhere(t, judge.Abilities{Channels: true, Decode: true, DecodeFlags: true})
	})
	t.Run("with none", func(t *testing.T) { differsNowhere(t, judge.Abilities{}) })
}

func differsNowhere(t *testing.T, can judge.Abilities) {
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
		plan := judge.Make(raw, can)
		line, err := play.Reference{}.Open(context.Background(), plan)
		if err != nil {
			t.Fatal(err)
		}
		record := play.Play(line, plan, play.Calm)
		line.Close()
		for _, d := range judge.Judge(plan, record, true) {
			t.Fatalf("%s\n%s", d.Signature(), tell(raw, plan, record, d))
		}
	}
}

func tell(raw []byte, plan *judge.Plan, record *judge.Record, d judge.Difference) (s string) {
	s = fmt.Sprintf("expected %s\ncame     %s\naborted %d finish %d end %+v hung %v ended %v\n% x\n", d.Expected, d.Came, record.Aborted, plan.Finish, plan.End, record.Hung, record.Ended, raw)
	for _, f := range input.Frames(raw) {
		s += fmt.Sprintf("  op %d shape %d %s\n", f.Op(), f.Shape, f.Packet)
	}
	for i, a := range plan.Acts {
		s += fmt.Sprintf("%3d verb %d % x %s %d\n", i, a.Verb, a.Octets[:min(len(a.Octets), 60)], a.Gate, a.Index)
	}
	for _, a := range plan.Answers {
		s += fmt.Sprintf("    %s sent %d due %d %s\n", a.Packet, a.Sent, a.Due, a.Want)
	}
	for _, a := range plan.Calls {
		s += fmt.Sprintf("    call %s asked %d answered %d nested %d\n", a.Wire(), a.Asked, a.Answered, a.Nested)
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
