package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// quartile returns the value below which q quarters of the times are.
func quartile(times []time.Duration, q int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, q*len(sorted)/4)]
}

func median(times []time.Duration) time.Duration { return quartile(times, 2) }

// microseconds writes a time with three digits.
func microseconds(d time.Duration) string { return significant(float64(d)/1000, 3) }

// significant writes a number with some digits, at most two of them behind the point.
func significant(v float64, digits int) string {
	behind := digits - 1 - int(math.Floor(math.Log10(max(v, 1e-9))))
	return fmt.Sprintf("%.*f", max(0, min(behind, 2)), v)
}

// markdown returns the results as tables, one for each transport.
func markdown(results []result, rounds int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Microseconds for one request, as the median of %d interleaved rounds, with the quartiles;\n"+
		"behind it the ratio to the reference. `go run . -update` in reference/bench measured it.\n", rounds)
	for _, t := range transports {
		fmt.Fprintf(&out, "\n| %s |", t.name)
		for _, l := range loads {
			fmt.Fprintf(&out, " %s |", l.name)
		}
		out.WriteString("\n|---|" + strings.Repeat("---|", len(loads)) + "\n")
		for _, name := range namesOf(results, t.name) {
			fmt.Fprintf(&out, "| %s |", name)
			for _, l := range loads {
				times, base := timesOf(results, t.name, name, l), median(timesOf(results, t.name, reference, l))
				if len(times) == 0 || base == 0 {
					out.WriteString(" – |")
					continue
				}
				fmt.Fprintf(&out, " %s (%s–%s), %s× |", microseconds(median(times)), microseconds(quartile(times, 1)),
					microseconds(quartile(times, 3)), significant(float64(median(times))/float64(base), 2))
			}
			out.WriteString("\n")
		}
	}
	return out.String()
}

func namesOf(results []result, transport string) (names []string) {
	for _, r := range results {
		if r.transport == transport && !slices.Contains(names, r.contender) {
			names = append(names, r.contender)
		}
	}
	return names
}

func timesOf(results []result, transport, contender string, l load) []time.Duration {
	for _, r := range results {
		if r.transport == transport && r.contender == contender && r.load == l {
			return r.times
		}
	}
	return nil
}

// svg draws the results over the first transport: a group of bars for each load, each as
// long as the logarithm of its time.
func svg(results []result) string {
	const left, width, bar, gap = 170, 470, 16, 30
	transport := transports[0].name
	names := namesOf(results, transport)
	height := len(loads)*(len(names)*bar+gap) + gap
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="11">
<style>text { fill: #24292f } .bar { fill: #8c96a0 } .own { fill: #0969da } .title { font-weight: 600 } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .bar { fill: #6e7681 } .own { fill: #4493f8 } }</style>
`, left+width+110, height)
	y := gap / 2
	for _, l := range loads {
		longest := time.Duration(0)
		shortest := time.Duration(math.MaxInt64)
		for _, name := range names {
			if m := median(timesOf(results, transport, name, l)); m > 0 {
				longest, shortest = max(longest, m), min(shortest, m)
			}
		}
		y += 14
		fmt.Fprintf(&out, "<text class=\"title\" x=\"%d\" y=\"%d\">%s, µs for one request (logarithmic)</text>\n", left, y-4, l.name)
		for _, name := range names {
			m := median(timesOf(results, transport, name, l))
			if m == 0 {
				continue
			}
			share := (math.Log(float64(m)/float64(shortest)) + 0.3) / (math.Log(float64(longest)/float64(shortest)) + 0.3)
			class := "bar"
			if name == reference {
				class = "own"
			}
			fmt.Fprintf(&out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"%d\" rx=\"2\"/><text x=\"%.0f\" y=\"%d\">%s</text>\n",
				left-8, y+bar-5, name, class, left, y, share*width, bar-4, left+share*width+6, y+bar-5, microseconds(m))
			y += bar
		}
		y += gap - 14
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// flatness returns the table of the crowded loads.
func flatness(results []result) string {
	out := "\nMicroseconds for one request of the reference, one at a time, 64 B, while others wait for their responses:\n\n" +
		"| others | time |\n|---|---|\n"
	for _, l := range crowded {
		times := timesOf(results, transports[0].name, crowdedReference, l)
		out += fmt.Sprintf("| %s | %s (%s–%s) |\n", l.name, microseconds(median(times)), microseconds(quartile(times, 1)), microseconds(quartile(times, 3)))
	}
	return out
}

// summary returns a short table for the README: the medians over the first transport, and of
// the original over its own.
func summary(results []result, rounds int) string {
	out := "| µs for one request |"
	for _, l := range loads {
		out += " " + l.name + " |"
	}
	out += "\n|---|" + strings.Repeat("---|", len(loads)) + "\n"
	row := func(transport, name string) {
		out += "| " + name + " |"
		for _, l := range loads {
			if m := median(timesOf(results, transport, name, l)); m > 0 {
				out += " " + microseconds(m) + " |"
			} else {
				out += " – |"
			}
		}
		out += "\n"
	}
	for _, name := range namesOf(results, transports[0].name) {
		row(transports[0].name, name)
	}
	if slices.Contains(namesOf(results, processes), originalName) {
		row(processes, originalName)
	}
	return out + fmt.Sprintf("\nMedians of %d interleaved rounds, over two pipes within one process; the original's ends are one process too.\n"+
		"[All results](reference/bench/RESULTS.md) show the spread, and other transports.\n\n![The same times as bars](reference/bench/results.svg)\n", rounds)
}

// updateReadme replaces what stands between the two marks in a file.
func updateReadme(file, table string) error {
	const begin, end = "<!-- measured by reference/bench -->\n", "<!-- end -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no %q and %q", file, begin, end)
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+table+"\n"+end+after), 0o666)
}

// A limit is a ratio of the reference's time to another's that must not be exceeded, over
// pipes in one process.
type limit struct {
	own   string
	load  load
	other string
	under load // the other's load
	most  float64
}

// slack is how much worse than its limit a ratio may be: machines differ.
const slack = 1.25

// limits are the highest medians of quiet runs, or the goal where that is less strict. The raw stream's time
// differs most from run to run: the reference took 2.0 to 2.9 times as long. The last says that a request
// costs the same however many are pending.
var limits = []limit{
	{reference, loads[0], "raw stream", loads[0], 3},
	{reference, loads[0], "net/rpc (gob)", loads[0], 0.6},
	{reference, loads[1], "net/rpc (gob)", loads[1], 0.35},
	{reference, loads[1], "grpc-go (raw codec)", loads[1], 0.09},
	{reference, loads[2], "net/rpc (gob)", loads[2], 1},
	{crowdedReference, crowded[2], crowdedReference, crowded[0], 1.3},
}

// gate measures what the limits need, twice if one is exceeded at first, and returns the
// exit status.
func (b bench) gate(w io.Writer) int {
	var needed []result
	need := func(name string, l load) {
		r := result{transport: transports[0].name, contender: name, load: l}
		if timesOf(needed, r.transport, name, l) == nil {
			r.times = []time.Duration{} // known, and not measured
			needed = append(needed, r)
		}
	}
	for _, l := range limits {
		need(l.own, l.load)
		need(l.other, l.under)
	}
	for try := range 2 {
		exceeded := 0
		results := b.rounded(transports[0], slices.Clone(needed), io.Discard)
		for _, l := range limits {
			own := median(timesOf(results, transports[0].name, l.own, l.load))
			other := median(timesOf(results, transports[0].name, l.other, l.under))
			ratio, verdict := float64(own)/float64(max(other, 1)), "ok"
			if own == 0 || ratio > l.most*slack {
				verdict = "EXCEEDED"
				exceeded++
			}
			what := l.load.name
			if l.load.pending > 0 {
				what += " pending"
			}
			_, _ = fmt.Fprintf(w, "%-8s  %s: %.2f × %s, at most %.2f and %.0f %% of slack\n", verdict, what, ratio, l.other, l.most, 100*(slack-1))
		}
		if exceeded == 0 {
			return 0
		}
		if try == 0 {
			_, _ = fmt.Fprintln(w, "once more, since a busy machine can do that")
		}
	}
	return 1
}
