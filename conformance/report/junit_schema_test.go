package report_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// An element is an element of XML.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) (value string, present bool) {
	i := slices.IndexFunc(e.Attrs, func(a xml.Attr) bool { return a.Name.Local == name })
	if i < 0 {
		return "", false
	}
	return e.Attrs[i].Value, true
}

// A rule says what a schema allows in an element.
type rule struct {
	required []string
	optional []string
	children []string // in this order, if ordered
	ordered  bool
	always   []string // children that must be there
	most     int      // children in all; 0: any number
}

// The rules of two schemas of JUnit's XML, as far as this package writes such elements. The first is the
// schema of Ant's task junit, the second that of the xUnit plugin of Jenkins.
var schemas = map[string]map[string]rule{
	"Ant": {
		"testsuites": {children: []string{"testsuite"}},
		"testsuite": {
			required: []string{"package", "id", "name", "timestamp", "hostname", "tests", "failures", "errors", "time"}, optional: []string{"skipped"},
			children: []string{"properties", "testcase", "system-out", "system-err"}, ordered: true, always: []string{"properties", "system-out", "system-err"},
		},
		"properties": {children: []string{"property"}},
		"property":   {required: []string{"name", "value"}},
		"testcase":   {required: []string{"name", "classname", "time"}, children: []string{"skipped", "error", "failure"}, most: 1},
		"skipped":    {optional: []string{"type", "message"}},
		"error":      {required: []string{"type"}, optional: []string{"message"}},
		"failure":    {required: []string{"type"}, optional: []string{"message"}},
		"system-out": {}, "system-err": {},
	},
	"Jenkins": {
		"testsuites": {optional: []string{"name", "time", "tests", "failures", "errors", "disabled"}, children: []string{"testsuite"}},
		"testsuite": {
			required: []string{"name", "tests"},
			optional: []string{"failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "version"},
			children: []string{"testsuite", "properties", "testcase", "system-out", "system-err"},
		},
		"properties": {children: []string{"property"}},
		"property":   {required: []string{"name", "value"}},
		"testcase": {
			required: []string{"name", "classname"}, optional: []string{"time", "assertions", "status", "class", "file", "line"},
			children: []string{"skipped", "error", "failure", "system-out", "system-err"},
		},
		"skipped": {optional: []string{"type", "message"}},
		"error":   {optional: []string{"type", "message"}}, "failure": {optional: []string{"type", "message"}},
		"system-out": {}, "system-err": {},
	},
}

// formats are what both schemas require of values.
var formats = map[string]*regexp.Regexp{
	"timestamp": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`),
	"hostname":  regexp.MustCompile(`.`),
	"time":      regexp.MustCompile(`^\d+(\.\d+)?$`),
	"tests":     regexp.MustCompile(`^\d+$`), "failures": regexp.MustCompile(`^\d+$`), "errors": regexp.MustCompile(`^\d+$`),
	"skipped": regexp.MustCompile(`^\d+$`), "id": regexp.MustCompile(`^\d+$`), "classname": regexp.MustCompile(`^\S+$`),
}

// violations returns how an element and all in it break the rules.
func violations(rules map[string]rule, e element) (broken []string) {
	name := e.XMLName.Local
	r, known := rules[name]
	if !known {
		return []string{"unknown element " + name}
	}
	complain := func(format string, args ...any) {
		broken = append(broken, name+": "+fmt.Sprintf(format, args...))
	}
	for _, required := range r.required {
		if _, present := e.attr(required); !present {
			complain("no attribute %s", required)
		}
	}
	for _, a := range e.Attrs {
		if !slices.Contains(r.required, a.Name.Local) && !slices.Contains(r.optional, a.Name.Local) {
			complain("attribute %s is not allowed", a.Name.Local)
		}
		if form := formats[a.Name.Local]; form != nil && !form.MatchString(a.Value) {
			complain("attribute %s is %q", a.Name.Local, a.Value)
		}
	}
	last := 0
	seen := map[string]bool{}
	for _, child := range e.Children {
		at := slices.Index(r.children, child.XMLName.Local)
		seen[child.XMLName.Local] = true
		switch {
		case at < 0:
			complain("child %s is not allowed", child.XMLName.Local)
		case r.ordered && at < last:
			complain("child %s comes too late", child.XMLName.Local)
		default:
			last = at
		}
		broken = append(broken, violations(rules, child)...)
	}
	for _, child := range r.always {
		if !seen[child] {
			complain("no child %s", child)
		}
	}
	if r.most > 0 && len(e.Children) > r.most {
		complain("%d children, at most %d are allowed", len(e.Children), r.most)
	}
	return broken
}

// JUnit's XML is valid for Ant and for Jenkins, whatever the results are.
func TestJUnitSchemas(t *testing.T) {
	unfinished := &report.Results{Interrupted: "SIGINT", Unfinished: []report.Unfinished{{ID: "a/b", Feature: "A", Running: 5}}}
	for name, r := range map[string]*report.Results{"every outcome": every(), "one": of(spec.May, report.Skip), "unfinished": unfinished} {
		for _, strict := range []bool{false, true} {
			var out bytes.Buffer
			if err := r.JUnit(&out, strict); err != nil {
				t.Fatal(err)
			}
			var root element
			if err := xml.Unmarshal(out.Bytes(), &root); err != nil {
				t.Fatal(err)
			}
			for schema, rules := range schemas {
				if broken := violations(rules, root); broken != nil {
					t.Errorf("%s, strict %v: the schema of %s is broken:\n%s\nin\n%s", name, strict, schema, strings.Join(broken, "\n"), &out)
				}
			}
		}
	}
}

// The check of the schemas finds what they forbid.
func TestJUnitSchemasForbid(t *testing.T) {
	for text, want := range map[string]string{
		`<testsuites><testsuite/></testsuites>`: "testsuite: no attribute name",
		`<testsuites><testsuite name="a" tests="1"><testcase name="a" classname="b"><properties/></testcase></testsuite></testsuites>`: "testcase: child properties is not allowed",
		`<testsuites><testsuite name="a" tests="x"/></testsuites>`:                                                                     `testsuite: attribute tests is "x"`,
		`<testsuites><suite/></testsuites>`:                                                                                            "unknown element suite",
	} {
		var root element
		if err := xml.Unmarshal([]byte(text), &root); err != nil {
			t.Fatal(err)
		}
		for schema, rules := range schemas {
			if broken := violations(rules, root); !slices.Contains(broken, want) {
				t.Errorf("%s of %s: got %q, expected %q among them", schema, text, broken, want)
			}
		}
	}
}
