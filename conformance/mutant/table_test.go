package mutant_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/spec"
)

// TestTable requires that the tables of faults, the code that checks for them and the
// specification agree. A misspelt name fails it.
func TestTable(t *testing.T) {
	s := loadSpec(t)
	checked := checkedFaults(t)
	known := map[string]bool{}
	for _, f := range mutant.Faults() {
		if known[f.Name] {
			t.Errorf("the name %s appears twice", f.Name)
		}
		known[f.Name] = true
		if _, ok := s.Requirement(f.Requirement); !ok {
			t.Errorf("%s: there is no requirement %s", f.Name, f.Requirement)
		}
		if !checked[f.Name] {
			t.Errorf("%s is in a table, but the code never checks for it", f.Name)
		}
		if f.Text == "" || strings.ToLower(f.Name) != f.Name {
			t.Errorf("%s: the name must be in lower case, and the text must not be empty", f.Name)
		}
	}
	for name := range checked {
		if !known[name] {
			t.Errorf("the code checks for %s, which is in no table", name)
		}
	}
	t.Logf("%d faults", len(known))
}

// TestEachRequirementHasAFault requires a fault for each requirement of level must or should.
func TestEachRequirementHasAFault(t *testing.T) {
	breaking := map[string]int{}
	for _, f := range mutant.Faults() {
		breaking[f.Requirement]++
	}
	for _, q := range loadSpec(t).Requirements {
		if q.Level != spec.May && breaking[q.ID] == 0 {
			t.Errorf("no fault breaks %s (%s)", q.ID, q.Level)
		}
	}
}

// checkedFaults returns the names of the faults that the code checks for. An argument for a
// parameter named fault must be a literal, so that a search for a fault's name finds the
// code, or be such a parameter itself.
func checkedFaults(t *testing.T) map[string]bool {
	t.Helper()
	files := token.NewFileSet()
	var code []*ast.File
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			code = append(code, file)
		}
	}
	parameter := faultParameters(code)
	checked := map[string]bool{}
	for _, file := range code {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			i, ok := parameter[calledName(call)]
			if !ok {
				return true
			}
			literal, isLiteral := call.Args[i].(*ast.BasicLit)
			passedOn, isName := call.Args[i].(*ast.Ident)
			switch {
			case isLiteral:
				checked[strings.Trim(literal.Value, `"`)] = true
			case !isName || passedOn.Name != "fault":
				t.Errorf("%s: the name of the fault is not a literal", files.Position(call.Pos()))
			}
			return true
		})
	}
	return checked
}

// faultParameters returns the index of the parameter named fault, for each unexported
// function that has one.
func faultParameters(code []*ast.File) map[string]int {
	index := map[string]int{}
	for _, file := range code {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.IsExported() {
				continue
			}
			i := 0
			for _, field := range f.Type.Params.List {
				for _, name := range field.Names {
					if name.Name == "fault" {
						index[f.Name.Name] = i
					}
					i++
				}
			}
		}
	}
	return index
}

// calledName returns the name of the function or method called, if it has one.
func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func TestUnknownFault(t *testing.T) {
	for name, near := range map[string]string{
		"eof-twise":      "eof-twice",
		"twice-eof":      "eof-twice",
		"oks-inverted":   "ok-inverted",
		"grace-ignore":   "grace-ignored",
		"handlers-four":  "four-handlers",
		"shutdown-hangs": "second-shutdown-hangs",
	} {
		_, err := mutant.New(name)
		if err == nil {
			t.Errorf("%s: expected an error", name)
			continue
		}
		if !strings.Contains(err.Error(), `"`+name+`"`) || !strings.Contains(err.Error(), `"`+near+`"`) {
			t.Errorf("%s: the error does not name %s: %v", name, near, err)
		}
	}
}

func TestEachFaultCanBeMade(t *testing.T) {
	for _, f := range mutant.Faults() {
		impl, err := mutant.New(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if h := impl.Hello(); !strings.HasPrefix(h.Release, f.Name) {
			t.Errorf("the release of the mutant with %s is %s", f.Name, h.Release)
		}
	}
}
