package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/packetspec/packetspec/internal/visible"
)

// GitHub writes the results as workflow commands of GitHub Actions, one line for each: what counts
// is an error, another deviation a warning, and a known deviation a notice. A line of the list of
// known deviations that is wrong is annotated there, and every other scenario in its feature.
// The last line counts the outcomes.
func (r *Results) GitHub(w io.Writer, strict bool) error {
	var out strings.Builder
	annotate := func(command, file string, line any, title, message string) {
		where := ""
		if file != "" {
			where = fmt.Sprintf("file=%s,line=%v,", githubProperty(file), line)
		}
		fmt.Fprintf(&out, "::%s %stitle=%s::%s\n", command, where, githubProperty(title), githubData(message))
	}
	for _, result := range r.Results {
		command := "notice"
		switch {
		case result.Counts(strict):
			command = "error"
		case result.Outcome.Deviates():
			command = "warning"
		case result.Outcome != Known:
			continue
		}
		file, line := path.Join("features", result.File), fmt.Sprint(result.Line)
		if result.File == "" {
			file = ""
		}
		if listed, number, found := cutLast(result.Listed, ":"); found && result.Outcome != Skip {
			file, line = listed, number
		}
		annotate(command, file, line, fmt.Sprintf("%s %s %s", strings.Join(result.Requirements, ", "), result.Outcome, result.ID), r.Explain(result))
	}
	for _, u := range r.Unfinished {
		annotate("error", "", 0, "not run "+u.ID, "the run ended before this scenario did")
	}
	if r.GivenUp != "" {
		annotate("error", "", 0, "the run was given up", r.GivenUp)
	}
	var counts []string
	for _, o := range Outcomes {
		if n := r.Summary[o]; n > 0 {
			counts = append(counts, fmt.Sprintf("%s %d", o, n))
		}
	}
	fmt.Fprintf(&out, "%s: %s\n", visible.Line(r.Subject.String()), strings.Join(counts, ", "))
	_, err := io.WriteString(w, out.String())
	return err
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// githubData escapes what the message of a workflow command may not contain.
func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(strings.TrimRight(s, "\n"))
}

// githubProperty escapes what a property of a workflow command may not contain.
func githubProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(githubData(visible.Line(s)))
}
