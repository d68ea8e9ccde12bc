// Package nearest finds the names that a person may have meant by one that does not exist.
package nearest

import (
	"slices"
	"strings"
)

// Names returns the n names, or all if there are fewer, that are most like a name, the
// nearest first. Of a name that is longer than any that exists it compares only the beginning.
func Names(name string, names []string, n int) []string {
	name = name[:min(len(name), maxName)]
	distances := make(map[string]int, len(names))
	for _, other := range names {
		distances[other] = distance(other, name)
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return distances[a] - distances[b] })
	return sorted[:min(n, len(sorted))]
}

// maxName bounds the bytes of a name that are compared: a person can pass 128 KiB as one argument.
const maxName = 200

// distance returns how much two names differ: the letters to change, and four more for each
// word that only one of them has, since names that share words are about the same thing.
func distance(a, b string) int {
	return 4*(missing(a, b)+missing(b, a)) + edits(a, b)
}

// missing counts the words of a, between hyphens, slashes and spaces, that b does not have.
func missing(a, b string) (n int) {
	between := func(r rune) bool { return strings.ContainsRune("-/ ", r) }
	words := strings.FieldsFunc(b, between)
	for _, w := range strings.FieldsFunc(a, between) {
		if !slices.Contains(words, w) {
			n++
		}
	}
	return n
}

// edits returns the number of letters to insert, delete or change to turn a into b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
