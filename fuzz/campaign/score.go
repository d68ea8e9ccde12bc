package campaign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/play"
)

// A Measurement measures campaigns by the faults of the mutant: after how many inputs a campaign
// finds and confirms each fault, guided and blind, from the same seeds and an empty corpus.
//
// What a campaign makes does not depend on its subject. So the inputs of a seed are made once. They
// are played on the mutant without a fault, which records the faults that each input reaches. The
// mutant with a fault then plays only the inputs that reach this fault: the others cannot show it.
type Measurement struct {
	Seeds  int      // the seeds are 1 to Seeds
	Inputs int      // of a guided campaign
	Blind  int      // of a blind campaign; 0: no blind campaigns
	Only   []string // names of faults; none: all that an input can show

	// Process starts the mutant with a fault as a process of its own, for faults that end it.
	Process func(fault string) adapter.Starter
	// Save, if not nil, is called after each fault, from one goroutine at a time.
	Save func(*Score) error
	// Log, if not nil, is called with lines about progress.
	Log func(format string, args ...any)
}

// A Score holds what was measured so far. A measurement adds to it what it lacks.
type Score struct {
	Inputs int                    `json:"inputs"`
	Blind  int                    `json:"blind"`
	Faults map[string]*FaultScore `json:"faults"` // by name
}

// A FaultScore holds, for each seed, the number of inputs after which a fault was found, or 0 if it
// was not.
type FaultScore struct {
	Guided    map[int]int `json:"guided"`
	Blind     map[int]int `json:"blind"`
	Signature string      `json:"signature"` // of the difference that showed it first, guided
}

func (f *FaultScore) of(blind bool) map[int]int {
	if blind {
		return f.Blind
	}
	return f.Guided
}

// Run measures what the score lacks. If ctx ends, the score holds what was measured until then.
func (m Measurement) Run(ctx context.Context, score *Score) error {
	if len(score.Faults) == 0 {
		score.Inputs, score.Blind, score.Faults = m.Inputs, m.Blind, map[string]*FaultScore{}
	}
	if score.Inputs != m.Inputs || score.Blind != m.Blind {
		return fmt.Errorf("the score was measured with %d guided and %d blind inputs, not %d and %d", score.Inputs, score.Blind, m.Inputs, m.Blind)
	}
	r := &measuring{Measurement: m, score: score}
	for seed := 1; seed <= m.Seeds && ctx.Err() == nil; seed++ {
		r.measure(ctx, seed, m.Inputs, false)
		if m.Blind > 0 {
			r.measure(ctx, seed, m.Blind, true)
		}
	}
	return errors.Join(append(r.errs, ctx.Err())...)
}

type measuring struct {
	Measurement
	mu    sync.Mutex // guards what follows, and calls of Save, while a seed is measured
	score *Score
	errs  []error
}

func (m *measuring) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errs = append(m.errs, err)
}

// faults returns the faults to measure that the score lacks for a seed: those of the dialect that
// campaigns speak, which an input can show.
func (m *measuring) faults(seed int, blind bool) []mutant.Fault {
	return slices.DeleteFunc(mutant.Faults(), func(f mutant.Fault) bool {
		if f.Later() || hidden[f.Name] != "" || len(m.Only) > 0 && !slices.Contains(m.Only, f.Name) {
			return true
		}
		measured := m.score.Faults[f.Name]
		if measured == nil {
			return false
		}
		_, has := measured.of(blind)[seed]
		return has
	})
}

// measure measures the faults that the score lacks for one seed.
func (m *measuring) measure(ctx context.Context, seed, inputs int, blind bool) {
	faults := m.faults(seed, blind)
	if len(faults) == 0 {
		return
	}
	raws, err := makeInputs(seed, inputs, blind)
	if err != nil {
		m.fail(err)
		return
	}
	reaching := m.reaching(ctx, raws)
	var all sync.WaitGroup
	slots := make(chan struct{}, 2*runtime.GOMAXPROCS(0)) // searches wait as much as they work
	for _, f := range faults {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			after, signature, err := m.search(ctx, f, raws, reaching[f.Name])
			if ctx.Err() == nil {
				m.note(f, seed, blind, after, signature, err)
			}
		})
	}
	all.Wait()
	if m.Log != nil {
		m.Log("seed %d, blind %t: %d faults measured; not found: %s", seed, blind, len(faults), strings.Join(m.missed(seed, blind), " "))
	}
}

// makeInputs makes the inputs of a campaign against the mutant, which reports every ability.
func makeInputs(seed, inputs int, blind bool) (raws [][]byte, err error) {
	g := newGenerator(uint64(seed), everything, blind, DefaultLimit, nil)
	for len(raws) < inputs {
		cases, err := g.next(context.Background(), int64(inputs-len(raws)))
		if err != nil {
			return nil, err
		}
		for _, c := range cases {
			raws = append(raws, c.Raw)
		}
	}
	return raws, nil
}

// reaching returns the numbers of the inputs that reach each fault.
func (m *measuring) reaching(ctx context.Context, raws [][]byte) map[string][]int {
	reached := make([][]string, len(raws))
	var all sync.WaitGroup
	workers := 2 * runtime.GOMAXPROCS(0)
	subject, err := Subject{}.withRoom(workers, 1)
	if err != nil {
		m.fail(err)
		return nil
	}
	for w := range workers {
		all.Go(func() {
			coverage := &mutant.Coverage{}
			c := &confirmer{Subject: Subject{Starter: mutant.InProcess{Coverage: coverage}, room: subject.room}}
			defer c.end()
			for i := w; i < len(raws) && ctx.Err() == nil; i += workers {
				p, err := c.keep(ctx, maxInputs)
				if err != nil {
					m.fail(err)
					return
				}
				c.used++
				coverage.Reset()
				p.play(ctx, caseOf(raws[i], p.can), play.Calm)
				reached[i] = coverage.Reached()
			}
		})
	}
	all.Wait()
	numbers := map[string][]int{}
	for i, names := range reached {
		for _, name := range names {
			numbers[name] = append(numbers[name], i)
		}
	}
	return numbers
}

// search plays the inputs that reach a fault until one shows a difference, shows it again on a fresh
// process, and does not show it without the fault. It returns the number of inputs that the campaign
// has made by then, or 0.
func (m *measuring) search(ctx context.Context, f mutant.Fault, raws [][]byte, reaching []int) (after int, signature string, err error) {
	var starter adapter.Starter = mutant.InProcess{Fault: f.Name}
	if f.Symptom == mutant.Crashes {
		starter = m.Process(f.Name)
	}
	subject, err := Subject{Starter: starter}.withRoom(1, copies)
	if err != nil {
		return 0, "", err
	}
	c := &confirmer{Subject: subject}
	defer c.end()
	for numbers := range slices.Chunk(reaching, abreast) {
		p, err := c.keep(ctx, 1000)
		if err != nil {
			return 0, "", err
		}
		c.used += len(numbers)
		var inputs [][]byte
		for _, n := range numbers {
			inputs = append(inputs, raws[n])
		}
		for i, r := range p.playAll(ctx, inputs, p.patience()) {
			for _, d := range r.found {
				found := d.Signature()
				confirmed, err := showsAgain(ctx, subject, inputs[i], found, 1)
				sound := false
				if confirmed {
					sound, err = showsAgain(ctx, Subject{Starter: mutant.InProcess{}, room: subject.room}, inputs[i], found, Tries)
				}
				switch {
				case err != nil:
					return 0, "", err
				case sound:
					m.fail(fmt.Errorf("without a fault the mutant differs too: %s by input %d, %.100x", found, numbers[i]+1, inputs[i]))
				case confirmed:
					return numbers[i] + 1, found, nil
				}
			}
		}
	}
	return 0, "", nil
}

// showsAgain reports whether one of some tries on fresh processes differs by a signature.
func showsAgain(ctx context.Context, subject Subject, raw []byte, signature string, tries int) (bool, error) {
	suspect := &Finding{Signature: signature, Input: raw}
	err := (&confirmer{Subject: subject}).confirm(ctx, suspect, tries)
	return suspect.Confirmed > 0, err
}

// note adds what one seed came to, and saves the score.
func (m *measuring) note(f mutant.Fault, seed int, blind bool, after int, signature string, err error) {
	if err != nil {
		m.fail(fmt.Errorf("%s, seed %d: %w", f.Name, seed, err))
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.score.Faults[f.Name]
	if s == nil {
		s = &FaultScore{Guided: map[int]int{}, Blind: map[int]int{}}
		m.score.Faults[f.Name] = s
	}
	s.of(blind)[seed] = after
	if s.Signature == "" && !blind {
		s.Signature = signature
	}
	if m.Save != nil {
		if err := m.Save(m.score); err != nil {
			m.errs = append(m.errs, err)
		}
	}
}

// missed returns the names of the faults that a seed did not find.
func (m *measuring) missed(seed int, blind bool) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(m.score.Faults)) {
		if after, has := m.score.Faults[name].of(blind)[seed]; has && after == 0 {
			names = append(names, name)
		}
	}
	return names
}
