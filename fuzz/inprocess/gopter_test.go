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

func TestGopterOverlongForms(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet, form input.Encoding) string {
		return failure(referenceCodec().checkForm(p, form))
	}, gopterPacket(), gopterForm()))
}

func TestGopterEqualIsReflexive(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet) string {
		return failure(referenceCodec().checkEqual(p, p))
	}, gopterPacket()))
}

func TestGopterEqual(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet, v variant) string {
		return failure(referenceCodec().checkEqual(p, v.of(p)))
	}, gopterPacket(), gopterVariant()))
}

func TestGopterTypeOfResponse(t *testing.T) {
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

// gopterCheck checks one property from the seed in GOPTER_SEED, or from a new seed. Payloads
// grow until the length of a packet needs two octets.
func gopterCheck(t *testing.T, property gopter.Prop) {
	t.Helper()
	seed := time.Now().UnixNano()
	if text, set := os.LookupEnv("GOPTER_SEED"); set {
		var err error
		if seed, err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatalf("GOPTER_SEED: %v", err)
		}
	}
	logReproduction(t, fmt.Sprintf("GOPTER_SEED=%d", seed))
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

// failure returns the result that gopter expects: nothing, or what is wrong.
func failure(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestGopterSession runs sessions as command sequences of gopter. They run in real time,
// with other choices than those of rapid, and are made small in another way.
func TestGopterSession(t *testing.T) {
	wait := maxDuration
	gopterCheck(t, commands.Prop(&commands.ProtoCommands{
		InitialStateGen: gen.IntRange(0, 15),
		NewSystemUnderTestFunc: func(handlers commands.State) commands.SystemUnderTest {
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			n := handlers.(int)
			s := newSession(ctx, reference.New, [2]int{n % 4, n / 4}, nil, reference.WithGrace(0))
			return &gopterSession{session: s, cancel: cancel}
		},
		DestroySystemUnderTestFunc: func(s commands.SystemUnderTest) {
			if s.(*gopterSession).failed {
				wait = time.Second // making it small takes many runs
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

// A gopterCommand is an operation of a session. The session has the model, so gopter's
// state never changes.
type gopterCommand struct{ operation }

func (c gopterCommand) Run(s commands.SystemUnderTest) commands.Result {
	session := s.(*gopterSession)
	if session.failed {
		return "" // gopter runs the rest of the commands
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

// gopterOperation generates about as many requests as releases, and few ends.
func gopterOperation() gopter.Gen {
	kinds := gen.Frequency(map[int]gopter.Gen{
		8: gen.Const(request),
		7: gen.Const(release),
		4: gen.OneConstOf(hold, resume),
		1: gen.OneConstOf(shutDown, block, sever, abandon),
	})
	return gen.Struct(reflect.TypeFor[gopterFields](), map[string]gopter.Gen{
		"Kind":  kinds,
		"End":   gen.IntRange(0, 1),
		"Which": gen.IntRange(0, 9),
		"How":   gen.UInt8(),
		"Type":  gopterInteger(),
		"Flags": gopterInteger(),
	}).Map(func(f gopterFields) commands.Command {
		q := decodeSubmission(f.How, 0)
		q.rqType, q.flags = f.Type, f.Flags
		return gopterCommand{operation{kind: f.Kind, end: f.End, which: f.Which, submission: q}}
	})
}

// gopterFields are the fields of an operation, which gopter generates.
type gopterFields struct {
	Kind        kind
	End, Which  int
	How         uint8
	Type, Flags uint64
}

// gopterPacket generates packets whose fields are in range. A response has a type too,
// which must make no difference.
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

// gopterInteger generates integers of every width alike. Of uniform integers, half would
// have all 61 bits.
func gopterInteger() gopter.Gen {
	return gen.UInt8Range(0, 61).FlatMap(func(width any) gopter.Gen {
		return gen.UInt64Range(0, 1<<width.(uint8)-1)
	}, reflect.TypeFor[uint64]())
}

// gopterForm generates forms that are longer than the shortest, by up to five octets for
// each integer.
func gopterForm() gopter.Gen {
	padding := gen.IntRange(0, 5)
	return gen.Struct(reflect.TypeFor[input.Encoding](), map[string]gopter.Gen{
		"Length":      padding,
		"Tag":         padding,
		"Word":        padding,
		"Channel":     padding,
		"Type":        padding,
		"ChannelZero": gen.Bool(),
	}).SuchThat(func(form input.Encoding) bool { return form.Length+form.Tag+form.Word > 0 })
}

// gopterVariant generates one of the [variants].
func gopterVariant() gopter.Gen {
	var all []any
	for _, v := range variants() {
		all = append(all, v)
	}
	return gen.OneConstOf(all...)
}
