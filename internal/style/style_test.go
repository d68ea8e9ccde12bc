package style

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// exempt lists the folders whose comments still break the rules; with /... an entry covers
// all folders below it too. TestModule fails if an entry has no offence any more.
var exempt = []string{}

// TestModule checks every package of the module, and logs how many offences each
// exempt one still has.
func TestModule(t *testing.T) {
	offences := module(t, os.DirFS("../.."))
	if len(offences) < 15 {
		t.Errorf("%d packages with Go files found, expected the whole module", len(offences))
	}
	left, failures := verdict(offences, exempt)
	for _, dir := range slices.Sorted(maps.Keys(left)) {
		t.Logf("exempt: %4d offences in %s", left[dir], dir)
	}
	for _, failure := range failures {
		t.Error(failure)
	}
}

// verdict returns how many offences each exempt folder has, and what fails the test: each
// offence elsewhere, and each entry of exempt without offences.
func verdict(offences map[string][]offence, exempt []string) (left map[string]int, failures []string) {
	left = map[string]int{}
	rotten := slices.Clone(exempt)
	for _, dir := range slices.Sorted(maps.Keys(offences)) {
		entry := slices.IndexFunc(exempt, func(entry string) bool { return covers(entry, dir) })
		switch found := offences[dir]; {
		case entry < 0:
			for _, o := range found {
				failures = append(failures, o.String())
			}
		case len(found) > 0:
			left[dir] = len(found)
			rotten = slices.DeleteFunc(rotten, func(e string) bool { return e == exempt[entry] })
		}
	}
	for _, entry := range rotten {
		failures = append(failures, entry+" has no offence any more: remove it from the list of exempt packages")
	}
	return left, failures
}

// covers reports whether an entry of exempt names dir.
func covers(entry, dir string) bool {
	tree, isTree := strings.CutSuffix(entry, "/...")
	return dir == tree || isTree && strings.HasPrefix(dir, tree+"/")
}

// TestVerdict proves that an offence fails the test outside the exempt folders alone, and
// that an exempt folder without offences fails it too.
func TestVerdict(t *testing.T) {
	one := []offence{{Reason: "an offence"}}
	for _, test := range []struct {
		name     string
		offences map[string][]offence
		exempt   []string
		failures int
	}{
		{"nothing", map[string][]offence{"a": nil}, nil, 0},
		{"an offence", map[string][]offence{"a": one}, nil, 1},
		{"an exempt offence", map[string][]offence{"a": one}, []string{"a"}, 0},
		{"an offence below an exempt folder", map[string][]offence{"a": one, "a/b": one}, []string{"a"}, 1},
		{"an offence in an exempt tree", map[string][]offence{"a/b": one}, []string{"a/..."}, 0},
		{"an offence beside an exempt tree", map[string][]offence{"a": one, "ab": one}, []string{"a/..."}, 1},
		{"an exempt folder without offences", map[string][]offence{"a": nil}, []string{"a"}, 1},
		{"an exempt tree without offences", map[string][]offence{"a": nil, "a/b": nil}, []string{"a/..."}, 1},
		{"an exempt folder that does not exist", map[string][]offence{"a": nil}, []string{"b"}, 1},
	} {
		if _, failures := verdict(test.offences, test.exempt); len(failures) != test.failures {
			t.Errorf("%s: got the failures %q, expected %d", test.name, failures, test.failures)
		}
	}
}

// module returns the offences of each folder of fsys that contains Go files of this
// module, which excludes hidden folders, testdata and nested modules.
func module(t *testing.T, fsys fs.FS) map[string][]offence {
	t.Helper()
	offences := map[string][]offence{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != ".":
			_, nested := fs.Stat(fsys, path.Join(name, "go.mod"))
			if strings.HasPrefix(path.Base(name), ".") || path.Base(name) == "testdata" || nested == nil {
				return fs.SkipDir
			}
		case path.Ext(name) == ".go":
			source, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			dir := path.Dir(name)
			offences[dir] = append(offences[dir], check(t, name, string(source))...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return offences
}

func check(t *testing.T, name, source string) []offence {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return inspect(fset, file)
}

// TestCheck proves that each rule can fail: every source breaks at most one.
func TestCheck(t *testing.T) {
	for source, want := range map[string]string{
		"// F returns one.\nfunc F() {}":                    "",
		"// F must not block.\nfunc F() {}":                 "",
		"// F is one.\nfunc F() {}":                         `comment begins "F is"`,
		"// F are\n// several.\nfunc F() {}":                `comment begins "F are"`,
		"// f is one.\nfunc f() {}":                         `comment begins "f is"`,
		"// one.\nfunc f() {}":                              "",
		"func f() {}":                                       "",
		"func F() {}":                                       "function F has no comment",
		"// Returns one.\nfunc F() {}":                      `comment begins "Returns one": begin with the name`,
		"// F return one.\nfunc F() {}":                     `comment begins "F return": begin with the name`,
		"// F, one.\nfunc F() {}":                           `comment begins "F, one"`,
		"func (t T) String() string { return `` }":          "",
		"// String is one.\nfunc (t T) String() {}":         `comment begins "String is"`,
		"func (t *T) F() {}":                                "function F has no comment",
		"func (t T[K]) F() {}":                              "function F has no comment",
		"func (t *T[K, V]) F() {}":                          "function F has no comment",
		"func (t *u) F() {}":                                "",
		"// A T is one.\ntype T int":                        "",
		"// An I reads.\ntype I interface{}":                "",
		"// T is one.\ntype T int":                          "",
		"// Holds one.\ntype T int":                         `comment begins "Holds one": begin with "A T"`,
		"// The T.\ntype T int":                             `comment begins "The T": begin with "A T"`,
		"type T int":                                        "type T has no comment",
		"// Types.\ntype (\n\tT int\n)":                     "type T has no comment",
		"type (\n\t// A T is one.\n\tT int\n)":              "",
		"// Holds one.\ntype t int":                         "",
		"const A, B = 1, 2 // of bytes":                     "",
		"// The numbers.\nconst (\n\tA = 1\n\tB = 2\n)":     "",
		"const (\n\t// A is one.\n\tA = 1\n\tB = 2\n)":      "exported const B has no comment",
		"var X int":                                         "exported var X has no comment",
		"var x int":                                         "",
		"func f() {\n\t// it tells of one\n}":               `comment says "tells of": write reports`,
		"// A maybe it is one.\nvar x int":                  "",
		"// Or be\n// it none.\nvar x int":                  `comment says "be it"`,
		"var x int // Is none of them":                      `comment says "Is none"`,
		"/* So many are to be named. */ var x int":          `comment says "So many"`,
		"// what it takes for one\nvar x int":               `comment says "takes for"`,
		"// it is not to be had\nvar x int":                 `comment says "to be had"`,
		"// done otherwise than here\nvar x int":            `comment says "otherwise than"`,
		"var x = \"it tells of one\" // a text, no comment": "",
	} {
		var got []string
		for _, o := range check(t, "p.go", "package p\n\n"+source+"\n") {
			got = append(got, o.String())
		}
		switch all := strings.Join(got, "\n"); {
		case want == "" && len(got) > 0:
			t.Errorf("%s\ngot %s\nexpected no offence", source, all)
		case want != "" && (len(got) != 1 || !strings.Contains(all, want)):
			t.Errorf("%s\ngot %q\nexpected one offence that contains %q", source, all, want)
		}
	}
}

func TestCheckOfATestFile(t *testing.T) {
	source := "package p\n\ntype T int\n\nfunc TestF() {}\n\n// TestG is one.\nfunc TestG() {}\n"
	got := check(t, "p_test.go", source)
	if len(got) != 1 || !strings.HasPrefix(got[0].String(), "p_test.go:8:1: comment begins") {
		t.Errorf("got %v, expected the comment of TestG alone", got)
	}
}
