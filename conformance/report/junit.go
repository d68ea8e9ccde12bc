package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/packetspec/packetspec/internal/visible"
)

// The elements and attributes of JUnit's XML that the usual viewers read.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`

		properties *junitProperties // of each suite
	}
	junitSuite struct {
		Name     string    `xml:"name,attr"`
		Tests    int       `xml:"tests,attr"`
		Failures int       `xml:"failures,attr"`
		Errors   int       `xml:"errors,attr"`
		Skipped  int       `xml:"skipped,attr"`
		Time     junitTime `xml:"time,attr"`
		// A nil Properties has no element: it may not be empty.
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase      `xml:"testcase"`
	}
	junitProperties struct {
		Properties []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string           `xml:"classname,attr"`
		Name    string           `xml:"name,attr"`
		Time    junitTime        `xml:"time,attr"`
		Runs    *junitProperties `xml:"properties"`
		Failure *junitFault      `xml:"failure,omitempty"`
		Error   *junitFault      `xml:"error,omitempty"`
		Skipped *junitFault      `xml:"skipped,omitempty"`
	}
	junitFault struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the results as JUnit's XML, with one test suite for each feature. A
// scenario that failed is a failure, and one that timed out or crashed an error, if it
// counts (see [Result.Counts]). If it does not count, and for a skip or a known
// deviation, the test case is skipped, with the reason. Fixed and flaky are failures. A
// scenario that ran several times has the property "runs", which says how often it passed.
// A scenario that was not run is an error if the run was interrupted or given up, else it is skipped;
// if it ran in an earlier one of several runs and failed, it is that failure.
func (r *Results) JUnit(w io.Writer, strict bool) error {
	out := junitSuites{properties: r.properties()}
	unfinished := map[string]Unfinished{}
	for _, u := range r.Unfinished {
		unfinished[u.ID] = u
	}
	for _, result := range r.Results {
		c := r.junitCase(result, strict)
		if u, ok := unfinished[result.ID]; ok {
			if c.Failure == nil && c.Error == nil {
				c = r.junitUnfinished(u)
			}
			delete(unfinished, result.ID)
		}
		out.suite(result.Feature).add(c)
	}
	for _, u := range r.Unfinished {
		if _, left := unfinished[u.ID]; left {
			out.suite(u.Feature).add(r.junitUnfinished(u))
		}
	}
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// properties returns what the results say about the whole run, for each suite, since viewers show one
// at a time.
func (r *Results) properties() *junitProperties {
	var all []junitProperty
	add := func(name, value string) {
		if value != "" {
			all = append(all, junitProperty{name, xmlText(value)})
		}
	}
	add("profile", string(r.Profile))
	add("lacking", strings.Join(r.Lacking, ", "))
	if r.OutsideProfile > 0 {
		add("outside_profile", strconv.Itoa(r.OutsideProfile))
	}
	for _, note := range r.Notes {
		add("note", visible.Line(note))
	}
	if all == nil {
		return nil
	}
	return &junitProperties{all}
}

// suite returns the suite of a feature, and adds it if it is missing.
func (s *junitSuites) suite(feature string) *junitSuite {
	i := slices.IndexFunc(s.Suites, func(suite junitSuite) bool { return suite.Name == feature })
	if i < 0 {
		i = len(s.Suites)
		s.Suites = append(s.Suites, junitSuite{Name: feature, Properties: s.properties})
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

// A junitTime is a duration in milliseconds; XML gets it in seconds.
type junitTime float64

// MarshalXMLAttr implements [xml.MarshalerAttr].
func (t junitTime) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: fmt.Sprintf("%.3f", t/1000)}, nil
}

func (r *Results) junitCase(result Result, strict bool) junitCase {
	c := junitCase{Class: junitClass(result.Requirements), Name: result.ID, Time: junitTime(result.DurationMS)}
	if result.Runs != nil {
		c.Runs = &junitProperties{[]junitProperty{{"runs", result.Runs.String()}}}
	}
	fault := &junitFault{
		Type: string(result.Outcome), Message: xmlText(headline(result)), Text: xmlText(r.Explain(result)),
	}
	switch {
	case result.Outcome == Pass:
	case !result.Counts(strict):
		c.Skipped = fault
	case result.Outcome == Timeout || result.Outcome == Crash:
		c.Error = fault
	default:
		c.Failure = fault
	}
	return c
}

func junitClass(requirements []string) string {
	return "packetspec." + strings.Join(requirements, ".")
}

// junitUnfinished returns the test case of a scenario that did not finish.
func (r *Results) junitUnfinished(u Unfinished) junitCase {
	c := junitCase{Class: junitClass(u.Requirements), Name: u.ID, Time: junitTime(u.Running)}
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
