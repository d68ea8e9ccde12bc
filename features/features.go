// Package features holds the specification: SPEC.md, the numbered requirements;
// the *.feature files, the same in executable form; and the vectors recorded from
// the original.
package features

import "embed"

// FS holds the specification's files.
//
//go:embed SPEC.md *.feature vectors/*.jsonl
var FS embed.FS
