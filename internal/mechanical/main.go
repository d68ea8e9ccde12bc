// Command mechanical evaluates a run of gremlins, a tool that makes mutants of Go code. In
// this run the features alone had to detect the mutants of the reference:
//
//	mechanical RESULTS.json SURVIVORS.txt SOURCE-FOLDER
//
// Each mutant that survives means a missing scenario, unless the list of survivors says why
// no scenario can detect it. An entry of the list that is detected, or no longer exists,
// must be removed. The exit status is 0 if the list is right and the score is high enough,
// or else 1. It is 2 if a file cannot be read.
package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintf(os.Stderr, "mechanical: %d arguments, expected 3\nhint: mechanical RESULTS.json SURVIVORS.txt SOURCE-FOLDER\n", len(os.Args)-1)
		os.Exit(2)
	}
	ok, err := judge(os.Stdout, os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, "mechanical:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// leastScore is the required percentage of detected mutants, out of those that are not
// listed as undetectable.
const leastScore = 95

// judge compares the results with the list, and writes the differences and the score. ok
// is true if nothing differs and the score is at least leastScore.
func judge(out io.Writer, results, list, source string) (ok bool, err error) {
	survives, err := readMutants(results, source)
	if err != nil {
		return false, err
	}
	reasons, err := readSurvivors(list)
	if err != nil {
		return false, err
	}
	var unlisted, stale []string
	for m, lives := range survives {
		if _, listed := reasons[m]; lives && !listed {
			unlisted = append(unlisted, m.String())
		}
	}
	for m := range maps.Keys(reasons) {
		if lives, exists := survives[m]; !lives {
			stale = append(stale, fmt.Sprintf("%s (%s)", m, map[bool]string{true: "a feature detects it", false: "there is no such mutant"}[exists]))
		}
	}
	writeList(out, "survivors that are not listed: add a scenario that detects them, or list them with the reason why none can", unlisted)
	writeList(out, "listed mutants that do not survive: remove them from the list", stale)
	detectable := len(survives) - len(reasons) + len(stale)
	detected := detectable - len(unlisted)
	score := 100 * detected / max(1, detectable)
	_, _ = fmt.Fprintf(out, "%d mutants, %d of them undetectable; the features detect %d of the other %d: %d %%\n",
		len(survives), len(survives)-detectable, detected, detectable, score)
	return len(unlisted)+len(stale) == 0 && score >= leastScore, nil
}

// writeList writes a title and the mutants below it, or nothing if there are none.
func writeList(out io.Writer, title string, mutants []string) {
	if len(mutants) == 0 {
		return
	}
	slices.Sort(mutants)
	_, _ = fmt.Fprintf(out, "%s:\n  %s\n", title, strings.Join(mutants, "\n  "))
}
