package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// skips returns results with a pass, and with a skip at each level for want of each name.
func skips(p profile.Profile, unmet string, names ...string) *report.Results {
	r := of(spec.Must, report.Pass)
	r.Profile = p
	for _, name := range names {
		for _, level := range spec.Levels {
			r.Results = append(r.Results, report.Result{
				ID: fmt.Sprintf("a/%s-%s", name, level), Level: level, Requirements: []string{"A-1"},
				Outcome: report.Skip, Reason: "no " + name, Lacks: name, Unmet: unmet,
			})
		}
	}
	r.Summarize()
	return r
}

// A skip counts if it breaks a claim.
func TestSkipsThatCount(t *testing.T) {
	for _, c := range []struct {
		unmet         string
		plain, strict string // levels at which the skip counts
	}{
		{"", "", ""},
		{"codec", "must", "must should may"},
		{"connection", "must", "must should may"},
		{"everything", "must should may", "must should may"},
		{report.UnmetList, "must", "must should may"},
	} {
		r := skips(profile.Connection, c.unmet, "open")
		for strict, want := range map[bool]string{false: c.plain, true: c.strict} {
			var got []string
			for _, result := range r.Results {
				if result.Counts(strict) {
					got = append(got, string(result.Level))
				}
			}
			check(t, fmt.Sprintf("levels that count for %q", c.unmet), strings.Join(got, " "), want)
			check(t, "conforms", r.Conforms(strict), want == "")
			failures := 0
			for _, suite := range junit(t, r, strict).Suites {
				failures += suite.Failures
			}
			check(t, "failures in JUnit", failures, len(got))
			const claim = "  claim        the profile connection requires open\n"
			check(t, "explained", strings.Contains(r.Explain(r.Results[1]), claim), c.unmet == "connection")
		}
	}
}

// The text says which claim is broken by the lack of what, and which claim is not.
func TestTextOfSkipsThatCount(t *testing.T) {
	for _, c := range []struct {
		r    *report.Results
		want string
	}{
		{skips(profile.Connection, "connection", "open", "join"), "the profile connection requires open and join, which the adapter does not support; " +
			"scenarios skipped for that: 2 must, 2 should, 2 may\nhint: --profile codec does not require that\n"},
		{skips(profile.Everything, "everything", "tick"), "the profile everything requires tick, which the adapter does not support; " +
			"scenarios skipped for that: 1 must, 1 should, 1 may\nhint: --profile connection does not require that\n"},
		{skips(profile.Connection, "connection", "open", "decode"), "hint: --profile codec requires only decode of that; --run and --skip select the scenarios that count\n"},
		{skips(profile.Codec, "codec", "decode"), "hint: every profile requires that; --run and --skip select the scenarios that count\n"},
		{skips(profile.Connection, report.UnmetList, "tick"), "3 scenarios were skipped that the list of known deviations does not list as skipped: " +
			"a/tick-must, a/tick-should and a/tick-may\nhint: --update-known lists them\n"},
	} {
		var out bytes.Buffer
		if err := c.r.Text(&out, false); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(out.String(), c.want) {
			t.Errorf("got\n%s\nexpected it to end with\n%s", &out, c.want)
		}
		check(t, "explanations of single skips", strings.Count(out.String(), "\nSKIP"), 0)
	}
}
