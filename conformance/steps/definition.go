package steps

import (
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// A definition is one step: its pattern, the method that performs it, and its entry in the
// manual, features/STEPS.md.
type definition struct {
	pattern string
	expr    *regexp.Regexp  // of pattern
	method  reflect.Value   // of *World, as a function; its parameters are of the types in readers
	bound   reflect.Type    // what godog calls: a function of the groups of expr, and a table
	ability adapter.Ability // without which the scenario is skipped; empty: none is needed
	waits   string          // completes "Waits for …"; empty: the step returns at once
	does    string          // one or two sentences
}

// A group holds the steps of one actor or topic, with their heading in the manual.
type group struct {
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
func on(pattern string, method any, waits, does string) definition {
	d := definition{
		pattern: pattern, expr: regexp.MustCompile("^" + expression(pattern) + "$"),
		method: reflect.ValueOf(method), waits: waits, does: does,
	}
	in := slices.Repeat([]reflect.Type{reflect.TypeFor[string]()}, d.expr.NumSubexp())
	t := d.method.Type()
	if last := t.In(t.NumIn() - 1); last == tableType {
		in = append(in, last)
	}
	d.bound = reflect.FuncOf(in, []reflect.Type{t.Out(0)}, false)
	return d
}

// needs returns the definition of a step that skips the scenario without an ability.
func (d definition) needs(a adapter.Ability) definition {
	d.ability = a
	return d
}

var tableType = reflect.TypeFor[*godog.Table]()

// A reader reads a parameter of a method from what the pattern has captured.
type reader struct {
	groups int
	read   func(groups []string) (any, error)
}

// readers are the types that a method may take, beside a table as its last parameter.
var readers = map[reflect.Type]reader{
	reflect.TypeFor[string]():        {1, func(g []string) (any, error) { return g[0], nil }},
	reflect.TypeFor[int]():           {1, func(g []string) (any, error) { return strconv.Atoi(g[0]) }},
	reflect.TypeFor[*big.Int]():      {1, func(g []string) (any, error) { return parseOptionalInteger(g[0]) }},
	reflect.TypeFor[time.Duration](): {1, func(g []string) (any, error) { return parseSeconds(g[0]) }},
	reflect.TypeFor[peer.Packet]():   {1, func(g []string) (any, error) { return parsePacket(g[0]) }},
	reflect.TypeFor[[]byte]():        {2, func(g []string) (any, error) { return parsePackets(g[0], g[1]) }},
}

// bind returns the step as a function that acts on w. godog passes a step function what the
// pattern has captured, but no receiver.
func (d definition) bind(w *World) any {
	return reflect.MakeFunc(d.bound, func(captured []reflect.Value) []reflect.Value {
		args, err := d.arguments(captured)
		if err == nil && d.ability != "" {
			err = w.need(d.ability)
		}
		if err != nil {
			return []reflect.Value{reflect.ValueOf(&err).Elem()}
		}
		return d.method.Call(append([]reflect.Value{reflect.ValueOf(w)}, args...))
	}).Interface()
}

// matches reports whether the definition fits a step, given with the rows of its table.
func (d definition) matches(step string) bool {
	text, _, _ := strings.Cut(step, "\n")
	return d.expr.MatchString(text)
}

// arguments reads the method's arguments, without its World.
func (d definition) arguments(captured []reflect.Value) (args []reflect.Value, err error) {
	t := d.method.Type()
	for i := 1; i < t.NumIn(); i++ {
		if t.In(i) == tableType {
			args = append(args, captured[0])
			continue
		}
		r := readers[t.In(i)]
		var groups []string
		for _, group := range captured[:r.groups] {
			groups = append(groups, group.String())
		}
		captured = captured[r.groups:]
		arg, err := r.read(groups)
		if err != nil {
			return nil, err
		}
		args = append(args, reflect.ValueOf(arg))
	}
	return args, nil
}

// Register makes the steps of one scenario act on w.
func (w *World) Register(sc *godog.ScenarioContext) {
	for _, g := range table {
		for _, d := range g.steps {
			sc.Step(d.expr, d.bind(w))
		}
	}
}
