package inprocess

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/commands"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

func TestGopterRoundTrip(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet) string {
		return failure(referenceCodec().checkRoundTrip(p))
	}, gopterPacket()))
}

func TestGopterOverlongFormsAreReadAndWrittenShorter(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet, form input.Form) string {
		return failure(referenceCodec().checkForm(p, form))
	}, gopterPacket(), gopterForm()))
}

func TestGopterEqualIsReflexive(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet) string {
		return failure(referenceCodec().checkEqual(p, p))
	}, gopterPacket()))
}

func TestGopterEqualMeansSameOctets(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet, v variant) string {
		return failure(referenceCodec().checkEqual(p, v.of(p)))
	}, gopterPacket(), gopterVariant()))
}

func TestGopterTypeOfAResponseDoesNotCount(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet, rqType uint64) string {
		p.IsRequest = false
		q := p
		q.Type = rqType
		if !p.Equal(q) {
			return fmt.Sprintf("p = %s\nq = %s\nexpected them to be equal\ngot      that they are not", show(p), show(q))
		}
		return failure(referenceCodec().checkRoundTrip(q))
	}, gopterPacket(), gen.UInt64()))
}

// gopterCheck checks one property, from the seed in GOPTER_SEED or else from a new one.
// Payloads grow up to a size for which the length takes two octets.
func gopterCheck(t *testing.T, property gopter.Prop) {
	t.Helper()
	seed := time.Now().UnixNano()
	if text, set := os.LookupEnv("GOPTER_SEED"); set {
		var err error
		if seed, err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatalf("GOPTER_SEED: %v", err)
		}
	}
	tellHowToReproduce(t, fmt.Sprintf("GOPTER_SEED=%d", seed))
	parameters := gopter.DefaultTestParametersWithSeed(seed)
	parameters.MinSuccessfulTests = 200
	parameters.MaxSize = 200
	result := property.Check(parameters)
	if result.Passed() {
		return
	}
	t.Errorf("%s after %d packets\n%s", result.Status, result.Succeeded, strings.Join(result.Labels, "\n"))
	for i, arg := range result.Args {
		t.Logf("argument %d, shrunk %d times: %s", i+1, arg.Shrinks, arg.ArgFormatted)
	}
	if result.Error != nil {
		t.Logf("%v\n%s", result.Error, result.ErrorStack)
	}
}

// failure is what gopter takes for a result: nothing, or what is wrong.
func failure(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

// The session of two peers as gopter's command sequences: other choices, in real time,
// and another way to make a failure small.
func TestGopterSession(t *testing.T) {
	wait := maxDuration
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

// gopterPacket is any packet that can be represented. A response has a type as well,
// which nothing must look at.
func gopterPacket() gopter.Gen {
	return gen.Struct(reflect.TypeFor[reference.Packet](), map[string]gopter.Gen{
		"IsRequest": gen.Bool(),
		"Channel":   gen.OneGenOf(gen.Const(uint64(0)), gopterInteger()),
		"Tag":       gopterInteger(),
		"Flags":     gopterInteger(),
		"Type":      gopterInteger(),
		"Payload":   gen.SliceOf(gen.UInt8()),
	})
}

// gopterInteger has every width alike: of uniform ones, half would have all 61 bits.
func gopterInteger() gopter.Gen {
	return gen.UInt8Range(0, 61).FlatMap(func(width any) gopter.Gen {
		return gen.UInt64Range(0, 1<<width.(uint8)-1)
	}, reflect.TypeFor[uint64]())
}

// gopterForm is a form that is longer than the shortest, by up to five octets an integer.
func gopterForm() gopter.Gen {
	padding := gen.IntRange(0, 5)
	return gen.Struct(reflect.TypeFor[input.Form](), map[string]gopter.Gen{
		"Length":      padding,
		"Tag":         padding,
		"Word":        padding,
		"Channel":     padding,
		"Type":        padding,
		"ChannelZero": gen.Bool(),
	}).SuchThat(func(form input.Form) bool { return form.Length+form.Tag+form.Word > 0 })
}

// gopterVariant is a change of at most one field: two packets made independently are
// never nearly equal.
func gopterVariant() gopter.Gen {
	var all []any
	for _, v := range variants() {
		all = append(all, v)
	}
	return gen.OneConstOf(all...)
}
