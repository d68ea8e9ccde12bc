package inprocess

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/packetspec/packetspec/reference"
)

func TestGopterRoundTrip(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet) string {
		return failure(referenceCodec().roundTrip(p))
	}, gopterPacket()))
}

func TestGopterOverlongFormsAreReadAndWrittenShorter(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet, form wireForm) string {
		return failure(referenceCodec().everyFormIsRead(p, form))
	}, gopterPacket(), gopterForm()))
}

func TestGopterEqualIsReflexive(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet) string {
		return failure(referenceCodec().equalMeansSameOctets(p, p))
	}, gopterPacket()))
}

func TestGopterEqualMeansSameOctets(t *testing.T) {
	gopterCheck(t, prop.ForAll(func(p reference.Packet, v variant) string {
		return failure(referenceCodec().equalMeansSameOctets(p, v.of(p)))
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
		return failure(referenceCodec().roundTrip(q))
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
