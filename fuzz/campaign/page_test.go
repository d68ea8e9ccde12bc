package campaign

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/play"
	"github.com/packetspec/packetspec/internal/mutanttest"
)

// TestPage measures campaigns by the faults of the mutant: after how many inputs each is
// found and confirmed, guided and blind, by the same seeds. It writes what it finds into
// the file that FUZZ_PAGE names, and takes half an hour for
//
//	FUZZ_PAGE=../SCORE.md FUZZ_SEEDS=5 go test ./fuzz/campaign -run TestPage -v -timeout 0
//
// What a campaign makes does not depend on its subject. So the inputs are made once, the
// mutant without a fault tells which faults each of them asks for, and only those are then
// played on the mutant with the fault: the others go just as without it. FUZZ_FAULTS names
// the faults to hunt, if not all.
func TestPage(t *testing.T) {
	file := os.Getenv("FUZZ_PAGE")
	if file == "" {
		t.Skip("takes half an hour: FUZZ_PAGE=FILE asks for it")
	}
	m := measurement{
		T: t, inputs: number("FUZZ_INPUTS", 100_000), blind: number("FUZZ_BLIND", 100_000), seeds: number("FUZZ_SEEDS", 5),
		only: strings.Fields(os.Getenv("FUZZ_FAULTS")), rows: map[string]*row{},
	}
	for seed := range m.seeds {
		m.measure(uint64(seed+1), m.inputs, false)
		if m.blind > 0 {
			m.measure(uint64(seed+1), m.blind, true)
		}
		if err := os.WriteFile(file, []byte(m.page()), 0o666); err != nil { // what there is by now
			t.Fatal(err)
		}
	}
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// A measurement is what has been found so far.
type measurement struct {
	*testing.T
	inputs, blind int // guided, and blind
	seeds         int
	only          []string // names of faults; none: all

	mu   sync.Mutex
	rows map[string]*row
}

// A row is a fault, and after how many inputs each seed found it; 0: not.
type row struct {
	mutant.Fault
	guided, blind []int
	signature     string // it was found as
}

// faults are those that speak the specification's dialect, as campaigns do, and can be shown.
func (m *measurement) faults() []mutant.Fault {
	return slices.DeleteFunc(mutant.Faults(), func(f mutant.Fault) bool {
		return f.Later() || hidden[f.Name] != "" || len(m.only) > 0 && !slices.Contains(m.only, f.Name)
	})
}

// measure hunts all faults with one seed.
func (m *measurement) measure(seed uint64, inputs int, blind bool) {
	raws := m.make(seed, inputs, blind)
	ask := m.asking(raws)
	queue := make(chan mutant.Fault)
	var all sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for f := range queue {
				n, signature := m.hunt(f, raws, ask[f.Name])
				m.note(f, blind, n, signature)
			}
		})
	}
	for _, f := range m.faults() {
		queue <- f
	}
	close(queue)
	all.Wait()
	var missed []string
	for _, r := range m.rows {
		if r.last(blind) == 0 {
			missed = append(missed, r.Name)
		}
	}
	slices.Sort(missed)
	m.Logf("seed %d, blind %t: %d of %d faults found", seed, blind, len(m.rows)-len(missed), len(m.rows))
	if !blind {
		m.Logf("not found: %s", strings.Join(missed, " "))
	}
}

// make makes the inputs of a campaign.
func (m *measurement) make(seed uint64, inputs int, blind bool) (raws [][]byte) {
	can, err := abilities(mutant.InProcess{})
	if err != nil {
		m.Fatal(err)
	}
	g := newGenerator(seed, can, blind, defaultLimit, nil)
	for len(raws) < inputs {
		cases, err := g.next(int64(inputs - len(raws)))
		if err != nil {
			m.Fatal(err)
		}
		for _, c := range cases {
			raws = append(raws, c.Raw)
		}
	}
	return raws
}

func abilities(starter adapter.Starter) (plan.Abilities, error) {
	s, err := start(context.Background(), starter)
	if err != nil {
		return plan.Abilities{}, err
	}
	defer s.end()
	return s.can, nil
}

// asking are the inputs that ask for each fault, by their numbers.
func (m *measurement) asking(raws [][]byte) map[string][]int {
	asked := make([][]string, len(raws))
	var all sync.WaitGroup
	workers := 2 * runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			coverage := &mutant.Coverage{}
			var s *process
			for i := w; i < len(raws); i += workers {
				if s == nil || i/workers%maxInputs == 0 {
					if s != nil {
						s.end()
					}
					var err error
					if s, err = start(context.Background(), mutant.InProcess{Coverage: coverage}); err != nil {
						m.Error(err)
						return
					}
				}
				coverage.Reset()
				s.play(context.Background(), caseOf(raws[i], s.can), play.Calm)
				asked[i] = coverage.Reached()
			}
			s.end()
		})
	}
	all.Wait()
	numbers := map[string][]int{}
	for i, names := range asked {
		for _, name := range names {
			numbers[name] = append(numbers[name], i)
		}
	}
	return numbers
}

// hunt plays the inputs that ask for a fault until one shows it, and shows it again on a
// fresh process, but not without the fault, and tells after how many inputs of all that is.
func (m *measurement) hunt(f mutant.Fault, raws [][]byte, asking []int) (after int, signature string) {
	var starter adapter.Starter = mutant.InProcess{Fault: f.Name}
	if f.Symptom == mutant.Crashes {
		starter = mutanttest.Process(m.T, f.Name)
	}
	var s *process
	defer func() {
		if s != nil {
			s.end()
		}
	}()
	ctx := context.Background()
	for from := 0; from < len(asking); from += abreast {
		some := asking[from:min(from+abreast, len(asking))]
		if s != nil && (s.Err() != nil || from%1000 == 0) {
			s.end()
			s = nil
		}
		if s == nil {
			var err error
			if s, err = start(ctx, starter); err != nil {
				m.Error(err)
				return 0, ""
			}
		}
		verdicts := make([]result, len(some))
		var all sync.WaitGroup
		for i, n := range some {
			all.Go(func() { verdicts[i] = s.play(ctx, caseOf(raws[n], s.can), s.patience()) })
		}
		all.Wait()
		for i, v := range verdicts {
			for _, d := range v.found {
				raw, found := raws[some[i]], d.Signature()
				switch {
				case !m.shows(starter, raw, found, 1):
				case m.shows(mutant.InProcess{}, raw, found, Tries):
					m.Errorf("without a fault it differs, too: %s by input %d, %.100x", found, some[i]+1, raw)
				default:
					return some[i] + 1, found
				}
			}
		}
	}
	return 0, ""
}

// shows reports whether one of some tries on fresh processes differs by a signature.
func (m *measurement) shows(starter adapter.Starter, raw []byte, signature string, tries int) bool {
	suspect := &Finding{Signature: signature, Input: raw}
	if err := (&confirmer{starter: starter}).confirm(context.Background(), suspect, tries); err != nil {
		m.Error(err)
	}
	return suspect.Confirmed > 0
}

func (m *measurement) note(f mutant.Fault, blind bool, after int, signature string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[f.Name]
	if r == nil {
		r = &row{Fault: f}
		m.rows[f.Name] = r
	}
	if blind {
		r.blind = append(r.blind, after)
	} else {
		r.guided = append(r.guided, after)
		r.signature = cmp.Or(r.signature, signature)
	}
}

func (r *row) last(blind bool) int {
	if blind {
		return r.blind[len(r.blind)-1]
	}
	return r.guided[len(r.guided)-1]
}

// hidden are the faults that no input of a campaign can show, and why. They are not hunted.
var hidden = map[string]string{
	"answers-remembered":             noMemory,
	"broken-pipe-hangs":              noBrokenPipe,
	"broken-pipe-is-an-error":        noBrokenPipe,
	"connections-remembered":         tooLittle,
	"dropped-requests-remembered":    noMemory,
	"files-left-open":                noOne,
	"full-pipe-given-up":             noBrokenPipe,
	"grace-0-is-default":             noClock,
	"grace-after-flush":              noClock,
	"grace-default-0":                noClock,
	"grace-default-100ms":            noClock,
	"grace-for-each-packet":          noClock,
	"grace-ignored":                  noClock,
	"grace-in-milliseconds":          noClock,
	"join-tells-once":                noJoins,
	"join-wakes-one":                 noJoins,
	"length-allocated":               freed,
	"pending-for-all-connections":    noOther,
	"pipe-holds-up-all-connections":  noOther,
	"refused-requests-remembered":    noMemory,
	"request-flags-negative-0":       noNegatives,
	"request-flags-negative-wrap":    noNegatives,
	"request-type-negative-0":        noNegatives,
	"request-type-negative-absolute": noNegatives,
	"request-type-negative-wraps":    noNegatives,
	"responses-remembered":           noMemory,
	"shutdown-writes-eof":            noBrokenPipe,
	"surrogate-as-it-is":             noSurrogates,
	"surrogate-as-replacement":       noSurrogates,
	"tag-lost-to-refused-request":    noNegatives,
	"tick-once":                      noTicks,
	"tick-receiver-silent":           noTicks,
	"tick-sender-silent":             noTicks,
	"tick-true-silent":               noTicks,
	"tick-unasked":                   noTicks,
	"tick-without-octets":            noTicks,
}

const (
	noBrokenPipe = "the peer of a campaign reads all the time, to the end"
	noClock      = "a campaign tells what comes, not when"
	noJoins      = "the local user of a campaign joins once"
	noMemory     = "an input is too small for it to show, and what it leaves goes with its connection"
	noNegatives  = "the local user gives a negative number, which no octets say"
	noOne        = "no one input shows it: a campaign tells of the process that has heard many"
	noOther      = "an input is one connection"
	noSurrogates = "lone surrogates are left open, since not every language has them"
	noTicks      = "ticks are not octets"
	freed        = "the memory is freed again, so a process that is weighed now and then does not keep growing"
	tooLittle    = "what a connection leaves is too little to be weighed"
)

// page is what was found, the hardest fault first.
func (m *measurement) page() string {
	var rows []*row
	for _, r := range m.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(median(b.guided), median(a.guided)), cmp.Compare(a.Name, b.Name))
	})
	var s strings.Builder
	m.head(&s, rows)
	s.WriteString("| fault | breaks | guided | blind | found as |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s |\n", r.Name, r.Requirement, tell(r.guided, m.inputs), tell(r.blind, m.blind), r.signature)
	}
	s.WriteString("\n## What no input can show\n\n| fault | breaks | why |\n|---|---|---|\n")
	for _, f := range mutant.Faults() {
		if why := hidden[f.Name]; why != "" {
			fmt.Fprintf(&s, "| %s | %s | %s |\n", f.Name, f.Requirement, why)
		}
	}
	return s.String()
}

// head is the summary.
func (m *measurement) head(s *strings.Builder, rows []*row) {
	guided, blind := 0, 0
	var all []int
	for _, r := range rows {
		if median(r.guided) < never {
			guided++
		}
		if median(r.blind) < never {
			blind++
		}
		all = append(all, median(r.guided))
	}
	slices.Sort(all)
	fmt.Fprintf(s, `# What campaigns find

Of the %d faults of the second implementation that an input of octets can show, the median
campaign finds **%d** within %d inputs, guided, from an empty corpus; half of them within %d,
nine in ten within %d. Blind mutation finds %d within %d inputs. %d more are told of below.

The numbers are of inputs until a fault is found and has shown again on a fresh process, the
median of the seeds 1 to %d. Guided campaigns know packets and keep what is new to the
reference's trace; blind ones change octets. What shows is not always the requirement that the
fault breaks: a campaign tells how it was noticed, the suite tells what is wrong.

Made by TestPage of [fuzz/campaign](campaign/page_test.go), which says how.

`, len(rows), guided, m.inputs, all[len(all)/2], all[len(all)*9/10], blind, m.blind, len(hidden), m.seeds)
}

// never is later than any input.
const never = 1 << 30

// median is the median of numbers of inputs, where 0 is none of them.
func median(all []int) int {
	all = slices.Clone(all)
	for i, n := range all {
		if n == 0 {
			all[i] = never
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		return never
	}
	return all[len(all)/2]
}

func tell(all []int, inputs int) string {
	if n := median(all); n < never {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("> %d", inputs)
}
