package inprocess

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

// TestPeers has the users of two connected endpoints do anything, in any order, with any
// grace. It runs the same sessions as the target Session, but in a synctest bubble. There,
// time costs nothing, and the test knows when nothing more can happen: both connections
// must then have done exactly what their models say.
func TestPeers(t *testing.T) {
	announceSeed(t)
	replaceDefault(t, "rapid.checks", "100", "1000") // many states are rare
	rapidCheck(t, peersMatchTheirModels)
}

// FuzzPeers runs TestPeers with choices from Go's fuzzer. Its seeds are random choices:
// from an empty input the fuzzer would need long to reach a second operation.
func FuzzPeers(f *testing.F) {
	for seed := range byte(16) {
		choices := make([]byte, 4<<10)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(choices)
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		logReproduction(t)
		rapid.MakeFuzz(peersMatchTheirModels)(t, choices)
	})
}

func peersMatchTheirModels(t *rapid.T) {
	rapid.SyncTest(t, func(t *rapid.T) {
		grace := time.Duration(rapid.SampledFrom([]int{0, 1, 1e6, 1e10}).Draw(t, "grace"))
		handlers := rapid.IntRange(0, 3)
		// An answer may take several graces, one after the other.
		atRest := func() {
			<-time.After(100 * grace)
			synctest.Wait()
		}
		s := newSession(context.Background(), reference.New, [2]int{handlers.Draw(t, "handlers of A"), handlers.Draw(t, "handlers of B")},
			atRest, reference.WithGrace(grace))
		defer s.tearDown()
		t.Repeat(rapid.StateMachineActions(&peers{s}))
		must(t, s.finish())
	})
}

// peers has an action for each operation of a session. Each is possible in any state.
type peers struct{ *session }

func (p *peers) Check(*rapid.T) {} // every operation checks

func (p *peers) Request(t *rapid.T) {
	p.operate(t, operation{kind: request, submission: submission{
		channel:  rapid.SampledFrom([]uint64{0, 0, 0, 5}).Draw(t, "channel"),
		rqType:   rapidInteger(integerEdges).Draw(t, "type"),
		flags:    rapidInteger(flagEdges).Draw(t, "flags"),
		decode:   rapid.Bool().Draw(t, "decode"),
		released: rapid.Bool().Draw(t, "released"),
		outcome:  rapid.SampledFrom(outcomes()).Draw(t, "outcome"),
	}})
}

func (p *peers) Release(t *rapid.T) {
	p.operate(t, operation{kind: release, which: rapid.IntRange(0, 9).Draw(t, "which")})
}

func (p *peers) HoldOrResume(t *rapid.T) {
	p.operate(t, operation{kind: rapid.SampledFrom([]kind{resume, hold}).Draw(t, "wire")})
}

// End ends something, but only one time in eight, so that more happens before an end.
func (p *peers) End(t *rapid.T) {
	for range 3 {
		if rapid.Bool().Draw(t, "not yet") {
			return
		}
	}
	p.operate(t, operation{kind: rapid.SampledFrom([]kind{shutDown, block, sever, abandon}).Draw(t, "end")})
}

func (p *peers) operate(t *rapid.T, o operation) {
	o.end = rapid.IntRange(0, 1).Draw(t, "endpoint")
	must(t, p.do(o))
}
