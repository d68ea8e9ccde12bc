package inprocess

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/commands"
	"github.com/leanovate/gopter/gen"

	"github.com/packetspec/packetspec/reference"
)

// The session of two peers as gopter's command sequences: other choices, in real time,
// and another way to make a failure small.
func TestGopterSession(t *testing.T) {
	wait := patience
	gopterCheck(t, commands.Prop(&commands.ProtoCommands{
		InitialStateGen: gen.IntRange(0, 15),
		NewSystemUnderTestFunc: func(handlers commands.State) commands.SystemUnderTest {
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			n := handlers.(int)
			s := newSession(reference.New, [2]int{n % 4, n / 4}, nil, ctx.Done(), reference.WithGrace(0))
			return &gopterSession{session: s, cancel: cancel}
		},
		DestroySystemUnderTestFunc: func(s commands.SystemUnderTest) {
			if s.(*gopterSession).failed {
				wait = time.Second // to make it small, of many tries
			}
			s.(*gopterSession).tearDown()
			s.(*gopterSession).cancel()
		},
		GenCommandFunc: func(commands.State) gopter.Gen { return gopterOperation() },
	}))
}

type gopterSession struct {
	*session
	cancel context.CancelFunc
	failed bool
}

// A gopterCommand is an operation of a session. The model is the session's own; gopter's
// state never changes.
type gopterCommand struct{ operation }

func (c gopterCommand) Run(s commands.SystemUnderTest) commands.Result {
	session := s.(*gopterSession)
	if session.failed {
		return "" // gopter goes on all the same
	}
	err := session.do(c.operation)
	session.failed = err != nil
	return failure(err)
}

func (c gopterCommand) NextState(state commands.State) commands.State { return state }
func (c gopterCommand) PreCondition(commands.State) bool              { return true }

func (c gopterCommand) PostCondition(_ commands.State, result commands.Result) *gopter.PropResult {
	if wrong := result.(string); wrong != "" {
		return &gopter.PropResult{Status: gopter.PropFalse, Labels: []string{wrong}}
	}
	return &gopter.PropResult{Status: gopter.PropTrue}
}

// gopterOperation requests as often as it answers, and ends something now and then.
func gopterOperation() gopter.Gen {
	kinds := gen.Frequency(map[int]gopter.Gen{
		8: gen.Const(request),
		7: gen.Const(release),
		4: gen.OneConstOf(hold, letGo),
		1: gen.OneConstOf(shutDown, block, sever, abandon),
	})
	return gen.Struct(reflect.TypeFor[gopterFields](), map[string]gopter.Gen{
		"Kind":  kinds,
		"Side":  gen.IntRange(0, 1),
		"Which": gen.IntRange(0, 9),
		"How":   gen.UInt8(),
		"Type":  gopterInteger(),
		"Flags": gopterInteger(),
	}).Map(func(f gopterFields) commands.Command {
		ask := decodeAsking(f.How, 0)
		ask.rqType, ask.flags = f.Type, f.Flags
		return gopterCommand{operation{kind: f.Kind, side: f.Side, which: f.Which, ask: ask}}
	})
}

// gopterFields are an operation's, as gopter fills them in.
type gopterFields struct {
	Kind        kind
	Side, Which int
	How         uint8
	Type, Flags uint64
}
