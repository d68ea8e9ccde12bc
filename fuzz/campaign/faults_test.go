package campaign_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// TestFaults tells after how many inputs each fault is found, guided and blind, as a table
// that FUZZING.md has:
//
//	FUZZ_FAULTS=REGEXP-free list of names or "all" FUZZ_SEEDS=5 FUZZ_INPUTS=100000 go test ./fuzz/campaign -run TestFaults -v -timeout 0
//
// Without FUZZ_FAULTS it tries a few, one of each sort, and demands that they are found.
func TestFaults(t *testing.T) {
	names := []string{"duplicate-loses-first", "tag-never-free", "eof-twice", "int-overlong-refused"}
	seeds, inputs := number("FUZZ_SEEDS", 1), number("FUZZ_INPUTS", 1500)
	asked := os.Getenv("FUZZ_FAULTS")
	switch asked {
	case "":
	case "all":
		names = nil
		for _, f := range mutant.Faults() {
			if !strings.HasPrefix(f.Requirement, "ERQ") {
				names = append(names, f.Name)
			}
		}
	default:
		names = strings.Fields(asked)
	}
	blind := os.Getenv("FUZZ_BLIND") != ""
	var mu sync.Mutex
	lines := map[string]string{}
	queue := make(chan string)
	var all sync.WaitGroup
	for range number("FUZZ_ABREAST", 1) {
		all.Go(func() {
			for name := range queue {
				line, found := try(t, name, seeds, inputs, blind)
				if asked == "" && found < seeds {
					t.Errorf("%s is not found: %s", name, line)
				}
				mu.Lock()
				lines[name] = line
				mu.Unlock()
				t.Log(line)
			}
		})
	}
	for _, name := range names {
		queue <- name
	}
	close(queue)
	all.Wait()
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// try hunts one fault with each seed, and tells the median.
func try(t *testing.T, name string, seeds, inputs int, blind bool) (line string, found int) {
	var guided, unguided []int64
	by := ""
	for seed := range seeds {
		n, signature := hunt(t, name, uint64(seed+1), inputs, false)
		guided = append(guided, n)
		if n < math.MaxInt64 {
			found++
			by = signature
		}
		if blind {
			n, _ := hunt(t, name, uint64(seed+1), inputs, true)
			unguided = append(unguided, n)
		}
	}
	line = fmt.Sprintf("| %s | %s | %s | %s |", name, median(guided, inputs), median(unguided, inputs), by)
	return line, found
}

func median(all []int64, limit int) string {
	if len(all) == 0 {
		return "-"
	}
	slices.Sort(all)
	if m := all[len(all)/2]; m < math.MaxInt64 {
		return strconv.FormatInt(m+1, 10)
	}
	return fmt.Sprintf("> %d", limit)
}

// hunt is after how many inputs a fault is found.
func hunt(t *testing.T, name string, seed uint64, inputs int, blind bool) (int64, string) {
	var starter adapter.Starter = mutant.InProcess{Fault: name}
	if strings.HasSuffix(name, "-crashes") {
		self := os.Getenv("FUZZ_PACKETSPEC")
		if self == "" {
			return math.MaxInt64, "(needs FUZZ_PACKETSPEC, a built packetspec)"
		}
		starter = adapter.Process{Argv: []string{self, "adapter", "--fault", name}}
	}
	r, err := campaign.Campaign{Starter: starter, Seed: seed, Inputs: int64(inputs), Blind: blind, Enough: 1, Tries: -1}.Run(context.Background())
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for _, f := range r.Findings {
		if f.Confirmed > 0 {
			return f.Number, f.Signature
		}
	}
	return math.MaxInt64, ""
}
