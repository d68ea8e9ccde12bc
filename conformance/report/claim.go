package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/words"
)

// claim writes the line that says what the subject claims, and what its adapter lacks.
func (r *Results) claim(out *strings.Builder) {
	if r.Profile == "" {
		return
	}
	fmt.Fprintf(out, "profile %s", r.Profile)
	if r.Profile == profile.Outside {
		out.WriteString(", what the other end of a connection shows\n")
		return
	}
	if r.OutsideProfile > 0 {
		need := "need"
		if r.OutsideProfile == 1 {
			need = "needs"
		}
		fmt.Fprintf(out, ", which leaves out %s that %s a connection", words.Count(r.OutsideProfile, "scenario"), need)
	}
	if r.Subject == (Subject{}) { // no adapter has answered
		out.WriteString("\n")
		return
	}
	fmt.Fprintf(out, "; the adapter lacks: %s\n", cmp.Or(strings.Join(r.Lacking, ", "), "nothing"))
}

// refusals returns the commands that the adapter refuses whatever ability they need.
func (r *Results) refusals() map[string]bool {
	refused := map[string]bool{}
	for _, result := range r.Results {
		if result.Refused != "" && result.Refused == result.Lacks {
			refused[result.Refused] = true
		}
	}
	return refused
}

// lack returns for want of what a scenario was skipped: its command, if that is one of the refusals.
// An ability that the command needs too says nothing then.
func (r Result) lack(refusals map[string]bool) string {
	if refusals[r.Refused] {
		return r.Refused
	}
	return r.Lacks
}

// Lacks returns the abilities and commands for want of which scenarios were skipped, each once.
func (r *Results) Lacks() (names []string) {
	refusals := r.refusals()
	for _, result := range r.Results {
		if name := result.lack(refusals); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// brokenClaim returns which claim a skip breaks, or "".
func (r Result) brokenClaim() string {
	switch r.Unmet {
	case "":
		return ""
	case UnmetList:
		return "the list of known deviations does not list this skip"
	}
	return fmt.Sprintf("the profile %s requires %s", r.Unmet, r.Lacks)
}

// unmet writes which skips break a claim, and which claim fits.
func (r *Results) unmet(out *strings.Builder) {
	if r.ListsSkips {
		return
	}
	var names, unlisted []string
	levels, refusals := map[spec.Level]int{}, r.refusals()
	for _, result := range r.Results {
		switch {
		case result.Unmet == UnmetList:
			unlisted = append(unlisted, result.ID)
		case result.Unmet != "":
			levels[result.Level]++
			if name := result.lack(refusals); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if names != nil {
		var counts []string
		for _, level := range spec.Levels {
			if levels[level] > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", levels[level], level))
			}
		}
		fmt.Fprintf(out, "the profile %s requires %s, which the adapter does not support; scenarios skipped for that: %s\n",
			r.Profile, enumerate(names), strings.Join(counts, ", "))
		fitting, required := profile.Fitting(names)
		switch {
		case required == nil:
			fmt.Fprintf(out, "hint: --profile %s does not require that\n", fitting)
		case len(required) < len(names):
			fmt.Fprintf(out, "hint: --profile %s requires only %s of that; --run and --skip select the scenarios that count\n", fitting, enumerate(required))
		default:
			out.WriteString("hint: every profile requires that; --run and --skip select the scenarios that count\n")
		}
	}
	if unlisted != nil {
		fmt.Fprintf(out, "%s skipped that the list of known deviations does not list as skipped: %s\n",
			words.Were(len(unlisted), "scenario"), enumerate(unlisted))
		out.WriteString("hint: --update-known lists them\n")
	}
}

// maxEnumerated is how many names a sentence has room for.
const maxEnumerated = 12

// enumerate returns names as a sentence lists them: a, b and c. It counts those beyond the first
// maxEnumerated.
func enumerate(names []string) string {
	if more := len(names) - maxEnumerated; more > 0 {
		names = append(slices.Clone(names[:maxEnumerated]), fmt.Sprintf("%d more", more))
	}
	return words.Join(names, "and")
}
