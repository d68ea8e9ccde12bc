// Package layout tests that CONTRIBUTING's picture of the packages is true.
package layout

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/packetspec/packetspec/"
)

// TestPicture requires CONTRIBUTING.md to draw the packages on the floors that their imports
// give them.
func TestPicture(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := picture(imports(t))
	drawn := regexp.MustCompile("(?s)```floors\n(.*?)```").FindSubmatch(page)
	if drawn == nil || string(drawn[1]) != want {
		t.Errorf("the block ```floors of CONTRIBUTING.md must read\n%s", want)
	}
}

// TestReferenceStandsAlone requires that the reference imports the standard library alone, and
// that no package which gives a verdict imports the reference.
func TestReferenceStandsAlone(t *testing.T) {
	allowed := []string{"cmd/packetspec", "conformance/adapters/goreference", "fuzz/inprocess", "internal/packettext"}
	for importer, imported := range imports(t) {
		switch {
		case importer == "reference" && len(imported) > 0:
			t.Errorf("reference imports %q", imported)
		case slices.Contains(imported, "reference") && !slices.Contains(allowed, importer):
			t.Errorf("%s imports reference; only %q may", importer, allowed)
		}
	}
}

// TestPictureShowsTheImports draws a small module.
func TestPictureShowsTheImports(t *testing.T) {
	got := picture(map[string][]string{"cmd": {"a", "b"}, "a": {"b"}, "b": nil, "c": nil})
	if want := "3  cmd\n2  a\n1  b  c\n"; got != want {
		t.Errorf("expected\n%s\ngot\n%s", want, got)
	}
}

// imports returns every package of the module, named by its folder, with the packages of the
// module that its files import, tests aside.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	packages := map[string][]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && file != "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata" || isModule(file)):
			return fs.SkipDir
		case path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		importer := path.Dir(file)
		packages[importer] = append(packages[importer], []string{}...)
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if imported, ours := strings.CutPrefix(name, module); ours {
				packages[importer] = append(packages[importer], imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// isModule reports whether a folder is a module of its own, which this module does not import.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(root, dir, "go.mod"))
	return err == nil
}

// picture returns a line a floor, the highest first, with the number of the floor and its
// packages. A package stands one floor above the highest package that it imports.
func picture(imports map[string][]string) string {
	floors := map[string]int{}
	var floorOf func(name string) int
	floorOf = func(name string) int {
		if floors[name] == 0 {
			highest := 0
			for _, imported := range imports[name] {
				highest = max(highest, floorOf(imported))
			}
			floors[name] = highest + 1
		}
		return floors[name]
	}
	packages := map[int][]string{}
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		packages[floorOf(name)] = append(packages[floorOf(name)], name)
	}
	var s strings.Builder
	for floor := len(packages); floor > 0; floor-- {
		fmt.Fprintf(&s, "%d  %s\n", floor, strings.Join(packages[floor], "  "))
	}
	return s.String()
}
