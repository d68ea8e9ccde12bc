package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// An Outcome says how a situation went.
type Outcome string

// The outcomes.
const (
	Pass  Outcome = "pass"
	Fail  Outcome = "fail"
	Skip  Outcome = "skip"  // an adapter does not support something
	Known Outcome = "known" // failed, by known deviations alone
)

// A Finding is what one adapter's implementation broke.
type Finding struct {
	Adapter     string     `json:"adapter"`     // the one to blame
	Requirement string     `json:"requirement"` // "-": the adapter guide
	Level       spec.Level `json:"level"`
	Kind        string     `json:"kind"`
	Text        string     `json:"text"`
	Known       string     `json:"known,omitempty"` // why it is a known deviation
}

// A Result is how one situation went between two adapters.
type Result struct {
	Requester string    `json:"requester"`
	Responder string    `json:"responder"`
	Situation string    `json:"situation"`
	Outcome   Outcome   `json:"outcome"`
	Findings  []Finding `json:"findings"`
	Reason    string    `json:"reason,omitempty"`  // of a skip
	Retried   bool      `json:"retried,omitempty"` // it passed when it was played again, after a timeout
	Again     string    `json:"run_again,omitempty"`
}

// fails reports whether the result counts as a failure; with strict, findings of every level do.
func (r Result) fails(strict bool) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.fails(strict) })
}

func (f Finding) fails(strict bool) bool {
	return f.Known == "" && (strict || f.Level == spec.Must)
}

// Results holds the results of a run. Its JSON form has a schema, results.schema.json.
type Results struct {
	Dialect    string   `json:"dialect"`
	Adapters   []string `json:"adapters"`
	Situations []string `json:"situations"`
	Results    []Result `json:"results"`
	Stale      []string `json:"stale"` // lines of the list of known deviations that nothing shows any more
	NotRun     int      `json:"not_run"`
	Conforms   bool     `json:"conforms"`
	Strict     bool     `json:"strict"`
}

// JSON writes the results as JSON.
func (r *Results) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Text writes the results for people: each failure once, and the matrix.
func (r *Results) Text(w io.Writer) error {
	var out strings.Builder
	for _, result := range r.Results {
		out.WriteString(result.block(r.Strict))
	}
	for _, line := range r.Stale {
		fmt.Fprintf(&out, "FIXED    %s: nothing shows this deviation any more; take it off the list\n", visible.Line(line))
	}
	skips := map[string]int{}
	for _, result := range r.Results {
		if result.Outcome == Skip {
			skips[result.Situation+": "+result.Reason]++
		}
	}
	for _, why := range slices.Sorted(mapKeys(skips)) {
		fmt.Fprintf(&out, "skipped %d: %s\n", skips[why], visible.Line(why))
	}
	r.matrix(&out)
	if r.NotRun > 0 {
		fmt.Fprintf(&out, "%s not run\n", words.Were(r.NotRun, "situation"))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// block returns what explains a result that failed, or that shows findings of a level that does not count.
func (r Result) block(strict bool) string {
	var out strings.Builder
	for _, f := range r.Findings {
		if f.Known != "" {
			continue
		}
		verdict := "FAIL   "
		if !f.fails(strict) {
			verdict = "note   "
		}
		fmt.Fprintf(&out, "%s  %-6s  %s breaks %s: %s\n", verdict, f.Level, visible.Line(f.Adapter), f.Requirement, f.Kind)
		fmt.Fprintf(&out, "  situation  %s: %s requests, %s responds\n", r.Situation, visible.Line(r.Requester), visible.Line(r.Responder))
		fmt.Fprintf(&out, "  why        %s\n", visible.Line(f.Text))
		fmt.Fprintf(&out, "  run again  %s\n", r.Again)
	}
	return out.String()
}

// matrix writes a table: how many situations passed, of how many, with a row for each requester.
func (r *Results) matrix(out *strings.Builder) {
	width := len("requester")
	for _, name := range r.Adapters {
		width = max(width, len(visible.Line(name)))
	}
	const column = 14
	fmt.Fprintf(out, "%-*s", width+4, "requester")
	for i := range r.Adapters {
		fmt.Fprintf(out, "  %*s", column, fmt.Sprintf("responder %d", i+1))
	}
	out.WriteString("\n")
	for i, name := range r.Adapters {
		fmt.Fprintf(out, "%2d  %-*s", i+1, width, visible.Line(name))
		for _, other := range r.Adapters {
			fmt.Fprintf(out, "  %*s", column, r.cell(name, other))
		}
		out.WriteString("\n")
	}
}

// cell returns what the matrix says of a pair.
func (r *Results) cell(from, to string) string {
	count := map[Outcome]int{}
	total := 0
	for _, result := range r.Results {
		if result.Requester == from && result.Responder == to {
			count[result.Outcome]++
			total++
		}
	}
	text := fmt.Sprintf("%d of %d", count[Pass], total)
	for _, o := range []Outcome{Fail, Known, Skip} {
		if n := count[o]; n > 0 {
			text += fmt.Sprintf(" %c%d", o[0], n)
		}
	}
	if total == 0 {
		return "-"
	}
	return text
}
