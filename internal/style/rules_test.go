// Package style checks the comments of Go files: which names must have one, how a
// function's or a type's comment begins, and which phrases no comment contains. It applies
// the rules to every package of the module.
package style

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// An offence is one comment, or missing comment, that breaks a rule.
type offence struct {
	Position token.Position
	Reason   string // what is wrong, and what is expected instead
}

// String returns the offence in the form of a compiler's error message.
func (o offence) String() string { return fmt.Sprintf("%s: %s", o.Position, o.Reason) }

// phrases maps each phrase that no comment may contain to the words to write instead.
var phrases = map[string]string{
	"be it":          "even if it is",
	"is none":        "is not one, or there is no",
	"otherwise than": "differently from",
	"so many":        "a number, or this many",
	"takes for":      "mistakes for, or treats as",
	"tells of":       "reports, or describes",
	"to be had":      "available",
}

// banned matches any of the phrases; whitespace in the comment is one space each.
var banned = func() *regexp.Regexp {
	var alternatives []string
	for phrase := range phrases {
		alternatives = append(alternatives, regexp.QuoteMeta(phrase))
	}
	slices.Sort(alternatives)
	return regexp.MustCompile(`(?i)\b(` + strings.Join(alternatives, "|") + `)\b`)
}()

// verbs lists the verbs that may follow a function's name though they do not end in s.
var verbs = []string{"must", "may", "can"}

// wellKnown lists the methods that need no comment, because an interface of the
// standard library defines what they do.
var wellKnown = []string{
	"As", "Error", "Is", "Len", "Less", "MarshalJSON", "MarshalText", "Read",
	"ServeHTTP", "String", "Swap", "UnmarshalJSON", "UnmarshalText", "Unwrap", "Write",
}

// inspect returns the offences of one file, which was parsed with its comments.
func inspect(fset *token.FileSet, file *ast.File) []offence {
	c := checker{fset: fset, test: strings.HasSuffix(fset.Position(file.Package).Filename, "_test.go")}
	for _, comment := range file.Comments {
		c.phrases(comment)
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			c.function(d)
		case *ast.GenDecl:
			c.group(d)
		}
	}
	slices.SortStableFunc(c.offences, func(a, b offence) int { return a.Position.Offset - b.Position.Offset })
	return c.offences
}

type checker struct {
	fset     *token.FileSet
	test     bool // a test file exports nothing
	offences []offence
}

func (c *checker) add(at token.Pos, format string, args ...any) {
	c.offences = append(c.offences, offence{c.fset.Position(at), fmt.Sprintf(format, args...)})
}

func (c *checker) phrases(comment *ast.CommentGroup) {
	text := strings.Join(strings.Fields(comment.Text()), " ")
	text = strings.ReplaceAll(text, "there is none", "") // the one phrase with these words that is plain
	for _, found := range banned.FindAllString(text, -1) {
		c.add(comment.Pos(), "comment says %q: write %s", found, phrases[strings.ToLower(found)])
	}
}

func (c *checker) function(f *ast.FuncDecl) {
	name := f.Name.Name
	first, second := words(f.Doc)
	switch {
	case first == name && (second == "is" || second == "are"):
		c.add(f.Pos(), `comment begins "%s %s": begin with what the function does, such as "%s returns"`, name, second, name)
	case c.test || !exported(f) || f.Doc == nil && slices.Contains(wellKnown, name):
	case f.Doc == nil:
		c.add(f.Pos(), "exported function %s has no comment", name)
	case first != name || !isVerb(second):
		c.add(f.Pos(), `comment begins "%s %s": begin with the name and a verb in the third person, such as "%s returns"`, first, second, name)
	}
}

// exported reports whether other packages can name f, or call it on a type they can name.
func exported(f *ast.FuncDecl) bool {
	if !f.Name.IsExported() || f.Recv == nil {
		return f.Name.IsExported()
	}
	receiver := f.Recv.List[0].Type
	for {
		switch t := receiver.(type) {
		case *ast.StarExpr:
			receiver = t.X
		case *ast.IndexExpr:
			receiver = t.X
		case *ast.IndexListExpr:
			receiver = t.X
		default:
			name, ok := receiver.(*ast.Ident)
			return ok && name.IsExported()
		}
	}
}

// isVerb reports whether word looks like a verb in the third person.
func isVerb(word string) bool {
	return strings.HasSuffix(word, "s") || slices.Contains(verbs, word)
}

// group checks a declaration of types, constants or variables.
func (c *checker) group(d *ast.GenDecl) {
	if c.test {
		return
	}
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if doc := docOf(s.Doc, d); s.Name.IsExported() {
				c.typeName(s, doc)
			}
		case *ast.ValueSpec:
			if docOf(s.Doc, d) != nil || s.Comment != nil || d.Doc != nil {
				continue
			}
			for _, name := range s.Names {
				if name.IsExported() {
					c.add(name.Pos(), "exported %s %s has no comment", d.Tok, name.Name)
				}
			}
		}
	}
}

// docOf returns the comment of one specification: its own, or that of a declaration
// that is not a group.
func docOf(own *ast.CommentGroup, d *ast.GenDecl) *ast.CommentGroup {
	if own == nil && !d.Lparen.IsValid() {
		return d.Doc
	}
	return own
}

func (c *checker) typeName(s *ast.TypeSpec, doc *ast.CommentGroup) {
	name := s.Name.Name
	first, second := words(doc)
	switch {
	case doc == nil:
		c.add(s.Pos(), "exported type %s has no comment", name)
	case first != name && (first != "A" && first != "An" || second != name):
		c.add(s.Pos(), `comment begins "%s %s": begin with "A %s" or "%s"`, first, second, name, name)
	}
}

// words returns the first two words of a comment, or "" for what it does not have.
func words(doc *ast.CommentGroup) (first, second string) {
	fields := append(strings.Fields(doc.Text()), "", "")
	return fields[0], strings.TrimRight(fields[1], ".,:;")
}
