package doctor

import (
	"fmt"
	"io"
	"strings"

	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// Text returns a finding for people: what was sent, what came, what to change, and where the guide
// describes it. Times is left out, since more may come.
func (f Finding) Text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s (%s)\n", f.Kind, f.Blames)
	line := func(name, text string) {
		for i, one := range strings.Split(visible.Block(text), "\n") {
			if i > 0 {
				name = ""
			}
			out.WriteString(strings.TrimRight(fmt.Sprintf("  %-7s  %s", name, one), " ") + "\n")
		}
	}
	if f.Sent != "" {
		line("sent", f.Sent)
	}
	line("came", f.Came)
	if f.Wrong != "" {
		line("wrong", f.Wrong)
	}
	line("change", f.Change)
	line("guide", fmt.Sprintf("%s (%s)", f.Section, f.Link))
	return out.String()
}

// Warning returns a finding as one line.
func (f Finding) Warning() string {
	wrong := f.Came
	if f.Wrong != "" {
		wrong += ": " + f.Wrong
	}
	change, _, _ := strings.Cut(f.Change, "\n")
	return visible.Line(fmt.Sprintf("%s: sent %s, got %s; %s; see %q in ADAPTERS.md", f.Kind, f.Sent, wrong, strings.TrimSuffix(change, ":"), f.Section))
}

// Summary writes what the checks come to, without the findings.
func (r *Results) Summary(w io.Writer) error {
	var out strings.Builder
	for _, note := range r.Notes {
		out.WriteString("note: " + visible.Line(note) + "\n")
	}
	if len(r.Left) > 0 {
		fmt.Fprintf(&out, "not checked: %s\n", strings.Join(r.Left, ", "))
	}
	subject := r.Subject
	if subject == "" {
		subject = "no answer to hello"
	}
	fmt.Fprintf(&out, "%s: %s, %s", subject, words.Count(len(r.Done), "check"), words.Count(len(r.Findings), "finding"))
	if n := r.either(); n > 0 {
		fmt.Fprintf(&out, ", of which %d may be the implementation's", n)
	}
	out.WriteString("\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// either counts the findings that an implementation may be the reason of.
func (r *Results) either() (n int) {
	for _, f := range r.Findings {
		if f.Blames == Either {
			n++
		}
	}
	return n
}
