package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

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
