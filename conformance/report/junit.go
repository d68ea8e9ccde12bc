package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// JUnit's elements, as far as they are read by what shows them.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     junitTime   `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Time    junitTime   `xml:"time,attr"`
		Failure *junitFault `xml:"failure,omitempty"`
		Error   *junitFault `xml:"error,omitempty"`
		Skipped *junitFault `xml:"skipped,omitempty"`
	}
	junitFault struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the results in JUnit's XML, a test suite for each feature. What the
// subject did wrongly is a failure; a timeout or a crash is an error; a skip, a known
// deviation, and what fails below the level that counts are skipped, with the reason.
func (r *Results) JUnit(w io.Writer, strict bool) error {
	var out junitSuites
	index := map[string]int{}
	for _, result := range r.Results {
		i, known := index[result.Feature]
		if !known {
			i = len(out.Suites)
			index[result.Feature] = i
			out.Suites = append(out.Suites, junitSuite{Name: result.Feature})
		}
		suite := &out.Suites[i]
		suite.add(r.junitCase(result, strict))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
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

// junitTime is a time in milliseconds, which is written in seconds.
type junitTime float64

// MarshalXMLAttr implements [xml.MarshalerAttr].
func (t junitTime) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: fmt.Sprintf("%.3f", t/1000)}, nil
}

func (r *Results) junitCase(result Result, strict bool) junitCase {
	c := junitCase{
		Class: "packetspec." + strings.Join(result.Requirements, "."),
		Name:  result.ID, Time: junitTime(result.DurationMS),
	}
	fault := &junitFault{
		Type: string(result.Outcome), Message: xmlText(headline(result)), Text: xmlText(r.Explain(result)),
	}
	one := Results{Results: []Result{result}}
	switch {
	case result.Outcome == Pass:
	case result.Outcome == Skip || one.Conforms(strict):
		c.Skipped = fault
	case result.Outcome == Timeout || result.Outcome == Crash:
		c.Error = fault
	default:
		c.Failure = fault
	}
	return c
}

// xmlText replaces what XML cannot hold.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
