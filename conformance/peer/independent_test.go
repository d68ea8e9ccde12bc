package peer_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestIndependence allows this package to import only the standard library and
// internal/pipe, which does not know packets and may import only the standard library. A
// verdict must not depend on the reference, directly or through another package.
func TestIndependence(t *testing.T) {
	files, err := filepath.Glob("*.go")
	readers, readersErr := filepath.Glob("../../internal/pipe/*.go")
	if err != nil || len(files) == 0 || readersErr != nil || len(readers) == 0 {
		t.Fatalf("got the files %v, %v, and %v, %v", files, err, readers, readersErr)
	}
	files = append(files, readers...)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") && path != reader {
				t.Errorf("%s imports %s, expected the standard library only", file, path)
			}
		}
	}
}

const reader = "github.com/packetspec/packetspec/internal/pipe"
