package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/packetspec/packetspec/internal/visible"
)

// The elements and attributes of JUnit's XML. They keep to what the schemas of Ant and of Jenkins
// both allow, in the order that Ant's requires.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		ID         int             `xml:"id,attr"` // from 0
		Package    string          `xml:"package,attr"`
		Name       string          `xml:"name,attr"`
		Timestamp  string          `xml:"timestamp,attr"` // UTC, without a zone, as Ant's schema requires
		Host       string          `xml:"hostname,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       junitTime       `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        string          `xml:"system-out"`
		Err        string          `xml:"system-err"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Time    junitTime   `xml:"time,attr"`
		Skipped *junitFault `xml:"skipped,omitempty"`
		Error   *junitFault `xml:"error,omitempty"`
		Failure *junitFault `xml:"failure,omitempty"`
	}
	junitFault struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the results as JUnit's XML, with one test suite for each feature. A scenario that
// failed is a failure, and one that timed out or crashed an error, if it counts (see
// [Result.Counts]). Fixed and flaky are failures. A skip or a known deviation is skipped, with the
// reason. A deviation that does not count is a test case that passes: the suite's system-out
// explains it, and its property "deviation:ID" names it.
//
// The properties "line:ID" and "runs:ID" say where a scenario stands in the suite's file, and how
// often one that ran several times has passed.
//
// A scenario that was not run is an error if the run was interrupted or given up, else it is skipped;
// if it ran in an earlier one of several runs and failed, it is that failure.
func (r *Results) JUnit(w io.Writer, strict bool) error {
	out := junitSuites{}
	suite := func(feature string) *junitSuite { return out.suite(feature, r) }
	unfinished := map[string]Unfinished{}
	for _, u := range r.Unfinished {
		unfinished[u.ID] = u
	}
	for _, result := range r.Results {
		s := suite(result.Feature)
		c := junitCase{Class: junitClass(result.ID, result.Feature), Name: xmlText(result.ID), Time: junitTime(result.DurationMS)}
		r.judge(&c, s, result, strict)
		if u, ok := unfinished[result.ID]; ok {
			if c.Failure == nil && c.Error == nil {
				c = r.junitUnfinished(u)
			}
			delete(unfinished, result.ID)
		}
		s.describe(result)
		s.add(c)
	}
	for _, u := range r.Unfinished {
		if _, left := unfinished[u.ID]; left {
			suite(u.Feature).add(r.junitUnfinished(u))
		}
	}
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// junitProperties returns what the results say about the whole run, for each suite, since viewers
// show one at a time.
func (r *Results) junitProperties() (all []junitProperty) {
	add := func(name, value string) {
		if value != "" {
			all = append(all, junitProperty{name, xmlText(value)})
		}
	}
	add("packetspec", cmp.Or(r.Suite.Version, "(devel)")) // Ant's schema requires the element, and Go omits an empty one
	add("specification", r.Suite.Specification)
	add("subject", r.Subject.String())
	add("dialect", r.Run.Dialect)
	add("profile", string(r.Profile))
	add("lacking", strings.Join(r.Lacking, ", "))
	if r.OutsideProfile > 0 {
		add("outside_profile", strconv.Itoa(r.OutsideProfile))
	}
	for _, warning := range r.Warnings {
		add("warning", visible.Line(warning))
	}
	for _, note := range r.Notes {
		add("note", visible.Line(note))
	}
	return all
}

// suite returns the suite of a feature, and adds it if it is missing.
func (s *junitSuites) suite(feature string, r *Results) *junitSuite {
	i := slices.IndexFunc(s.Suites, func(suite junitSuite) bool { return suite.Name == feature })
	if i < 0 {
		i = len(s.Suites)
		s.Suites = append(s.Suites, junitSuite{
			ID: i, Package: "packetspec", Name: feature, Properties: r.junitProperties(),
			Timestamp: r.Run.Began.UTC().Format("2006-01-02T15:04:05"), Host: cmp.Or(r.Run.Host.Name, "localhost"),
		})
	}
	return &s.Suites[i]
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Time += c.Time
	s.Cases = append(s.Cases, c)
}

// property adds a property to the suite, unless its value is empty or the suite has it.
func (s *junitSuite) property(name, value string) {
	p := junitProperty{xmlText(name), xmlText(value)}
	if value != "" && !slices.Contains(s.Properties, p) {
		s.Properties = append(s.Properties, p)
	}
}

// describe adds to the suite what a test case has no attribute for.
func (s *junitSuite) describe(result Result) {
	s.property("file", result.File)
	if result.Line > 0 {
		s.property("line:"+result.ID, strconv.Itoa(result.Line))
	}
	if result.Runs != nil {
		s.property("runs:"+result.ID, result.Runs.String())
	}
}

// A junitTime is a duration in milliseconds; XML gets it in seconds.
type junitTime float64

// MarshalXMLAttr implements [xml.MarshalerAttr].
func (t junitTime) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: fmt.Sprintf("%.3f", t/1000)}, nil
}

// judge makes a test case say how its scenario ended. What the case itself cannot say, it adds to the suite.
func (r *Results) judge(c *junitCase, s *junitSuite, result Result, strict bool) {
	fault := &junitFault{Type: string(result.Outcome), Message: xmlText(result.message()), Text: xmlText(r.Explain(result))}
	switch {
	case result.Outcome == Pass:
	case result.Counts(strict) && (result.Outcome == Timeout || result.Outcome == Crash):
		c.Error = fault
	case result.Counts(strict):
		c.Failure = fault
	case result.Outcome.Deviates():
		s.property("deviation:"+result.ID, string(result.Level)+", "+string(result.Outcome)+": "+result.message())
		s.Out += fault.Text + "\n"
	default:
		c.Skipped = fault
	}
}

// mostMessage bounds a message, in characters: viewers show it in one line.
const mostMessage = 300

// message returns in one line what differs, or why there is nothing to compare.
func (r Result) message() string {
	text := r.Reason
	switch {
	case r.Outcome == Known || r.Outcome == Fixed || r.Outcome == Skip || r.Outcome == Crash && r.Reason != "":
	case r.Expected != "" || r.Actual != "":
		text = fmt.Sprintf("expected %s, got %s", cmp.Or(r.Expected, "what the step says"), cmp.Or(r.Actual, "nothing"))
	}
	first, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	line := []rune(visible.Line(first))
	if more = more || len(line) > mostMessage; more {
		line = append(line[:min(len(line), mostMessage)], []rune(" …")...)
	}
	return cmp.Or(string(line), string(r.Outcome))
}

// junitClass returns the class of a scenario: its feature, as its id names it. It stays the same when
// the requirements of a scenario change, so that viewers follow its history.
func junitClass(id, feature string) string {
	if stem, _, found := strings.Cut(id, "/"); found {
		feature = stem
	}
	return xmlText("packetspec." + strings.ReplaceAll(feature, " ", "-"))
}

// junitUnfinished returns the test case of a scenario that did not finish.
func (r *Results) junitUnfinished(u Unfinished) junitCase {
	c := junitCase{Class: junitClass(u.ID, u.Feature), Name: u.ID, Time: junitTime(u.Running)}
	fault := &junitFault{Type: "not run", Message: "not run"}
	if u.Running > 0 {
		fault.Message = fmt.Sprintf("not run to its end: it had been running for %v", u.running())
	}
	switch {
	case r.Interrupted != "":
		fault.Text = "interrupted by " + r.Interrupted
	case r.GivenUp != "":
		fault.Text = "the run was given up: " + r.GivenUp
	default:
		c.Skipped = fault
		return c
	}
	fault.Text = xmlText(fault.Text)
	c.Error = fault
	return c
}

// running returns for how long the scenario had been running.
func (u Unfinished) running() time.Duration { return time.Duration(u.Running) * time.Millisecond }

// xmlText replaces the characters that XML does not allow.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
