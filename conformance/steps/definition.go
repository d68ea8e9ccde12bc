package steps

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/cucumber/godog"
)

// A definition is one step: its pattern, the method that performs it, and its entry in the
// manual, features/STEPS.md.
type definition struct {
	pattern string
	expr    *regexp.Regexp // of pattern
	method  reflect.Value  // of *World, as a function; it takes the groups of expr, then a table
	bound   reflect.Type   // of method once its World is given: the form that godog calls
	does    string         // one or two sentences
	waits   string         // completes "Waits for …"; empty: the step returns at once
}

// An actor is a group of steps, with its heading in the manual.
type actor struct {
	heading string
	steps   []definition
}

// placeholders are the words in braces of a pattern, and what they match. Octets come with
// their meaning in parentheses.
var placeholders = map[string]string{
	"{octets}":  `((?:[0-9a-f]{2,}(?:\*[0-9]+)? ?)*[0-9a-f]{2,}(?:\*[0-9]+)?)(?: \(([^)]*)\))?`,
	"{fields}":  `([^)]*)`,
	"{packet}":  `((?:request|response): .*|EOF|ERQ)`,
	"{name}":    `"([^"]*)"`,
	"{n}":       `([0-9]+)`,
	"{integer}": `(-?[0-9a-fx^]+(?:-1)?)`,
	"{seconds}": `([0-9.]+) s`,
	"{text}":    `(.+)`,
	"{file}":    `(\S+\.jsonl)`,
}

// notLiteral matches the parts of a pattern that stand for something else.
var notLiteral = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]|[()]`)

// expression returns the regular expression of a pattern, in which
//
//	{octets}      is a placeholder
//	{this|that}   is one of several words; the method gets it
//	[exactly ]    may be left out; the method gets it, or ""
//	[ ({fields})] may be left out; the method gets what its placeholders match, or ""
func expression(pattern string) string {
	return notLiteral.ReplaceAllStringFunc(pattern, func(part string) string {
		inner := strings.Trim(part, "{}[]")
		switch {
		case placeholders[part] != "":
			return placeholders[part]
		case part == "(" || part == ")":
			return `\` + part
		case part[0] == '{' && strings.Contains(inner, "|"):
			return "(" + inner + ")"
		case part[0] == '[' && strings.Contains(part, "{"):
			return "(?:" + expression(part[1:len(part)-1]) + ")?"
		case part[0] == '[':
			return "(" + inner + ")?"
		}
		panic(fmt.Sprintf("the pattern %q has the unknown placeholder %s", pattern, part))
	})
}

// on returns the definition of a step. Its pattern is compiled once in a process.
func on(pattern string, method any, does, waits string) definition {
	d := definition{
		pattern: pattern, expr: regexp.MustCompile("^" + expression(pattern) + "$"),
		method: reflect.ValueOf(method), does: does, waits: waits,
	}
	t := d.method.Type()
	var in []reflect.Type
	for i := 1; i < t.NumIn(); i++ {
		in = append(in, t.In(i))
	}
	d.bound = reflect.FuncOf(in, []reflect.Type{t.Out(0)}, false)
	return d
}

// bind returns the step's function for one World. godog passes a step function the
// scenario's context and what the pattern captured, but no receiver.
func (d definition) bind(w *World) any {
	world := reflect.ValueOf(w)
	return reflect.MakeFunc(d.bound, func(args []reflect.Value) []reflect.Value {
		return d.method.Call(append([]reflect.Value{world}, args...))
	}).Interface()
}

// Register makes the steps of one scenario act on w.
func (w *World) Register(sc *godog.ScenarioContext) {
	for _, a := range actors {
		for _, d := range a.steps {
			sc.Step(d.expr, d.bind(w))
		}
	}
}
