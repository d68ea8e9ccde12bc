package inprocess

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

// Two connected peers whose users do anything they like, in any order, at any grace. It
// is the session that native fuzzing runs, in a bubble in which time costs nothing, and
// in which it can be told that nothing more will happen: there, both must have done
// exactly what their models say.
func TestPeers(t *testing.T) {
	announceSeed(t)
	replaceDefault(t, "rapid.checks", "100", "1000") // there is much to be met
	rapidCheck(t, peersDoAsTheirModels)
}

// FuzzPeers is TestPeers with rapid's choices made by Go's fuzzer. It starts from choices
// by chance: from none it would take long to come to a second operation.
func FuzzPeers(f *testing.F) {
	for seed := range byte(16) {
		choices := make([]byte, 4<<10)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(choices)
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		tellHowToReproduce(t)
		rapid.MakeFuzz(peersDoAsTheirModels)(t, choices)
	})
}

func peersDoAsTheirModels(t *rapid.T) {
	rapid.SyncTest(t, func(t *rapid.T) {
		grace := time.Duration(rapid.SampledFrom([]int{0, 1, 1e6, 1e10}).Draw(t, "grace"))
		handlers := rapid.IntRange(0, 3)
		// Whatever is to happen does so after some graces, one behind the other.
		atRest := func() {
			<-time.After(100 * grace)
			synctest.Wait()
		}
		s := newSession(reference.New, [2]int{handlers.Draw(t, "handlers of A"), handlers.Draw(t, "handlers of B")},
			atRest, nil, reference.WithGrace(grace))
		defer s.tearDown()
		t.Repeat(rapid.StateMachineActions(&peers{s}))
		must(t, s.finish())
	})
}

// peers has an action for each operation of a session; each is possible in any state.
type peers struct{ *session }

func (p *peers) Check(*rapid.T) {} // every operation checks

func (p *peers) Request(t *rapid.T) {
	p.operate(t, operation{kind: request, ask: asking{
		channel: rapid.SampledFrom([]uint64{0, 0, 0, 5}).Draw(t, "channel"),
		rqType:  rapidInteger(integerEdges).Draw(t, "type"),
		flags:   rapidInteger(flagEdges).Draw(t, "flags"),
		decode:  rapid.Bool().Draw(t, "decode"),
		atOnce:  rapid.Bool().Draw(t, "at once"),
		outcome: rapid.SampledFrom(outcomes()).Draw(t, "outcome"),
	}})
}

func (p *peers) Release(t *rapid.T) {
	p.operate(t, operation{kind: release, which: rapid.IntRange(0, 9).Draw(t, "which")})
}

func (p *peers) HoldOrLetGo(t *rapid.T) {
	p.operate(t, operation{kind: rapid.SampledFrom([]kind{letGo, hold}).Draw(t, "wire")})
}

// End ends something, but in one of eight times only: what can happen before is to
// happen more often.
func (p *peers) End(t *rapid.T) {
	for range 3 {
		if rapid.Bool().Draw(t, "not yet") {
			return
		}
	}
	p.operate(t, operation{kind: rapid.SampledFrom([]kind{shutDown, block, sever, abandon}).Draw(t, "end")})
}

func (p *peers) operate(t *rapid.T, o operation) {
	o.side = rapid.IntRange(0, 1).Draw(t, "side")
	must(t, p.do(o))
}
