// Command mechanical judges what gremlins, a tool that makes mutants of Go code, found
// about the reference when the features alone were to find them:
//
//	mechanical RESULTS.json SURVIVORS.txt SOURCE-FOLDER
//
// A mutant that survives is a hole in the features, or stands in the list of survivors
// with the reason why no feature can find it. An entry of the list that is found, or is
// there no more, is a mistake too. The exit status is 1 for either.
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
		fmt.Fprintln(os.Stderr, "usage: mechanical RESULTS.json SURVIVORS.txt SOURCE-FOLDER")
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

// leastScore is the percentage of the mutants that are to be found, those left out that
// none can.
const leastScore = 95

// judge holds the results against the list and reports whether they agree and the score
// suffices.
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
			stale = append(stale, fmt.Sprintf("%s (%s)", m, map[bool]string{true: "it is found", false: "there is no such mutant"}[exists]))
		}
	}
	tell(out, "survivors that the list does not have: add a scenario that finds them, or the reason why none can", unlisted)
	tell(out, "entries of the list that are no survivors: take them off", stale)
	of := len(survives) - len(reasons) + len(stale)
	is := of - len(unlisted)
	score := 100 * is / max(1, of)
	_, _ = fmt.Fprintf(out, "%d mutants, of which %d cannot be found; of the other %d the features find %d: %d %%\n",
		len(survives), len(survives)-of, of, is, score)
	return len(unlisted)+len(stale) == 0 && score >= leastScore, nil
}

func tell(out io.Writer, what string, mutants []string) {
	if len(mutants) == 0 {
		return
	}
	slices.Sort(mutants)
	_, _ = fmt.Fprintf(out, "%s:\n  %s\n", what, strings.Join(mutants, "\n  "))
}
