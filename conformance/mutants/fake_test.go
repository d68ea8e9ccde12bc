package mutants_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A fake is a subject whose faults are made up. Each scenario has a tag. What a mutant does
// with a tag is "wrong", "nothing" or "die"; by default it does right.
type fake struct {
	does          map[string]map[int]string // by fault and tag
	falsePositive bool                      // without a fault tag 1 is wrong, except while coverage is measured

	mu      sync.Mutex
	started []mutants.Config
}

// fakeSpec returns a specification with three requirements, a scenario for each of them,
// with the tags 1 to 3, and one for the first two, with the tag 4.
func fakeSpec(t *testing.T) *spec.Spec {
	t.Helper()
	s, err := spec.Load(fstest.MapFS{
		"SPEC.md": {Data: []byte("Version 1.0.\n\n**A-1** *(must; observed)* One.\n\n**A-2** *(must; observed)* Two.\n\n**A-3** *(may; observed)* Three.\n")},
		"01-fake.feature": {Data: []byte(`Feature: Fake

  @A-1 @must
  Scenario: one
    Then response: tag 1 encodes to 02 01 00

  @A-2 @must
  Scenario: two
    Then response: tag 2 encodes to 02 02 00

  @A-3 @may
  Scenario: three
    Then response: tag 3 encodes to 02 03 00

  @A-1 @A-2 @must
  Scenario: both
    Then response: tag 4 encodes to 02 04 00
`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *fake) run(t *testing.T, faults ...mutant.Fault) mutants.Run {
	return mutants.Run{
		Spec: fakeSpec(t), Subject: f, Faults: faults, Whole: true, Parallel: 2, Timeout: time.Second, Baselines: 1,
	}
}

// Mutant implements [mutants.Subject].
func (f *fake) Mutant(c mutants.Config) adapter.Starter {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = append(f.started, c)
	does := f.does[c.Fault]
	if c.Fault == "" && f.falsePositive {
		does = map[int]string{1: "wrong"}
	}
	return serve(does, nil)
}

// Faultless implements [mutants.Subject]: a scenario reaches the faults that do something
// with its tag.
func (f *fake) Faultless(bool) (adapter.Starter, func() []string) {
	var mu sync.Mutex
	reached := []string{}
	note := func(tag int) {
		mu.Lock()
		defer mu.Unlock()
		for name, does := range f.does {
			if does[tag] != "" {
				reached = append(reached, name)
			}
		}
	}
	return serve(nil, note), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return reached
	}
}

// serve returns an adapter that does with each tag what does says, and calls note, which may
// be nil, with it.
func serve(does map[int]string, note func(tag int)) adapter.Func {
	return func(_ context.Context, commands io.Reader, replies io.Writer) error {
		for lines := bufio.NewScanner(commands); lines.Scan(); {
			var m adapter.Message
			if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
				return err
			}
			if m.Op != adapter.OpEncode {
				_, _ = fmt.Fprintf(replies, `{"id":%d,"version":1,"name":"fake","release":"5","language":"none"}`+"\n", m.ID)
				continue
			}
			tag, _ := m.Packet.Tag.Uint64()
			if note != nil {
				note(int(tag))
			}
			switch does[int(tag)] {
			case "wrong":
				tag = 99
			case "nothing":
				continue
			case "die":
				return nil
			}
			_, _ = fmt.Fprintf(replies, `{"id":%d,"bytes":"02%02x00"}`+"\n", m.ID, tag)
		}
		return nil
	}
}
