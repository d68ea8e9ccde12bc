package inprocess

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// announceSeed chooses rapid's seed for t, unless the command line did, and says so at
// once, which go test shows if something fails: a panic in one of a connection's own
// goroutines ends the process before rapid can name the seed.
func announceSeed(t *testing.T) {
	replaceDefault(t, "rapid.seed", "0", strconv.FormatUint(rand.Uint64(), 10))
	fmt.Fprintf(os.Stderr, "%s: -rapid.seed=%v\n", t.Name(), flag.Lookup("rapid.seed").Value)
}

// replaceDefault sets a flag that has its default value to another while t runs.
func replaceDefault(t *testing.T, name, old, value string) {
	f := flag.Lookup(name).Value
	if f.String() != old {
		return
	}
	if err := f.Set(value); err != nil {
		t.Fatalf("-%s=%s: %v", name, value, err)
	}
	t.Cleanup(func() { _ = f.Set(old) })
}

// tellHowToReproduce makes a failure of t end with the command that finds it again,
// run in the given environment.
func tellHowToReproduce(t *testing.T, environment ...string) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		run := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
		command := slices.Concat(environment, []string{"go test ./fuzz/inprocess -count=1 -run '" + run + "'"})
		if *inputFile != "" {
			command = append(command, "-input", *inputFile)
		}
		t.Logf("reproduce: %s", strings.Join(command, " "))
	})
}
