package site_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/record"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/site"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// results returns results of a subject: each scenario has the outcome that its place gives it.
func results(t testing.TB, s *spec.Spec, name string, outcomes ...report.Outcome) *report.Results {
	t.Helper()
	r := &report.Results{
		Subject: report.Subject{Name: name, Release: "1.0", Language: "Go"},
		Suite:   report.Suite{Version: "v1", Commit: "0123abcd", Specification: s.Version},
		Run: report.Setting{
			Began: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), Dialect: "2021", Flags: []string{"--profile", "connection"},
			Command: "./adapter", Host: report.Host{Name: "host", OS: "linux", Arch: "amd64", CPUs: 2},
		},
	}
	for i, sc := range s.Scenarios {
		result := report.Result{
			ID: sc.ID, Feature: sc.Feature, Scenario: sc.Name, File: sc.File, Line: sc.Line, Requirements: sc.Requirements,
			Level: sc.Level, Outcome: outcomes[i%len(outcomes)], DurationMS: 1,
		}
		if result.Outcome != report.Pass {
			result.Step, result.Expected, result.Actual = "the subject answers", "03 01 04 61 (response: tag 1)", "03 02 04 61 (response: tag 2)"
			result.Reason, result.Again, result.Stderr = "the reason", "packetspec test --run '^x$' -- ./adapter", "its last <words>\x1b[2J"
			result.Events = []record.Event{
				{From: record.Runner, Text: `{"id":1,"op":"open"}`},
				{From: record.Adapter, Text: `{"id":1}`, At: record.Milliseconds(time.Millisecond)},
				{From: record.Peer, Conn: 1, Octets: record.Octets{4, 1, 2, 3}},
				{From: record.Peer, Conn: 1, Octets: record.Octets{'a', 4, 2, 2, 3, 'b', 3}},
				{From: record.Subject, Conn: 1, Octets: record.Octets{3, 1, 4, 'a'}, Skipped: 2},
				{From: record.Subject, Conn: 1, Text: "closed its sending pipe"},
			}
		}
		r.Results = append(r.Results, result)
	}
	r.Summarize()
	return r
}

// build builds a site of three subjects, two of which have the same name.
func build(t testing.TB) string {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	text, err := features.FS.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	scores, err := mutants.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err = site.Build(dir, site.Input{
		Spec: s, Text: text, Record: scores, Version: "v2", Commit: "4567",
		Runs: []*report.Results{
			results(t, s, "sound", report.Pass), results(t, s, "<odd> & \"name\"", append(report.Outcomes, report.Pass, report.Pass)...),
			results(t, s, "sound", report.Skip, report.Pass),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var (
	href = regexp.MustCompile(`href="([^"]*)"`)
	id   = regexp.MustCompile(` id="([^"]*)"`)
)

// Every link of the site leads to a page, and to a place on it.
func TestLinks(t *testing.T) {
	dir := build(t)
	pages, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	content, places := map[string]string{}, map[string]bool{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(page)
		content[name], places[name] = string(text), true
		for _, m := range id.FindAllStringSubmatch(string(text), -1) {
			if places[name+"#"+m[1]] {
				t.Errorf("%s: two elements have the id %s", name, m[1])
			}
			places[name+"#"+m[1]] = true
		}
	}
	links := 0
	for name, text := range content {
		for _, m := range href.FindAllStringSubmatch(text, -1) {
			link := m[1]
			if strings.HasPrefix(link, "#") {
				link = name + link
			}
			links++
			if !places[link] && !strings.Contains(link, "://") {
				t.Errorf("%s: the link %s leads nowhere", name, link)
			}
		}
	}
	if len(pages) < 300 || links < 5000 {
		t.Errorf("got %d pages and %d links, expected more", len(pages), links)
	}
}

// Pages say what they are of, show known deviations with their reasons, and escape foreign text.
func TestPages(t *testing.T) {
	dir := build(t)
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	contains := func(name string, wanted ...string) {
		t.Helper()
		text := read(name)
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
	contains("index.html", "sound 1.0 (2)", "&lt;odd&gt; &amp; &#34;name&#34;", "Written by packetspec v2, commit 4567; specification 1.")
	contains("subject-sound-1.0.html", "No deviation that is not known.", "2026-11-30 12:00 UTC", "packetspec v1, commit 0123abcd", "<code>--profile</code>", "host, linux amd64, 2 CPUs")
	contains("subject-odd-name-1.0.html", `<h2 id="known">Known deviations</h2>`, "the reason")
	contains("requirement-TAG-4.html", "in flight is refused", "Scenario: ", "duplicate", `class="cell`)
	contains("specification.html", `id="TAG-4"`, `<a class="id" href="requirement-TAG-4.html">TAG-4</a>`, `class="badge`)
	failures, err := filepath.Glob(filepath.Join(dir, "failure-odd-name-1.0-*.html"))
	if err != nil || len(failures) == 0 {
		t.Fatalf("no page of a failure: %v", err)
	}
	for _, failure := range failures {
		contains(filepath.Base(failure),
			"The first difference is at octet 2.", `<td class="differs first">01</td>`, `<td class="differs first">02</td>`,
			"packetspec test --run &#39;^x$&#39; -- ./adapter", `<small>length</small>`, `request: tag 1, wire type 3, payload &#34;a&#34;`,
			`request: tag 2, wire type 3, payload &#34;b&#34;`, "… 2 more …", "closed its sending pipe", `its last &lt;words&gt;\x1b[2J`, "tested on 2026-11-30 12:00 UTC",
		)
	}
}

var variable = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`)

// luminance returns the relative luminance of a color, as WCAG defines it.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	v, err := strconv.ParseUint(color[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(c uint64) float64 {
		s := float64(c&255) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(v>>16) + 0.7152*linear(v>>8) + 0.0722*linear(v)
}

// Every text is readable in both modes: its contrast is at least 4.5, as WCAG AA requires.
func TestContrast(t *testing.T) {
	text, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, _ := strings.Cut(string(text), "@media (prefers-color-scheme: dark)")
	dark, _, _ := strings.Cut(rest, "* {")
	for mode, css := range map[string]string{"light": light, "dark": dark} {
		colors := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(css, -1) {
			colors[m[1]] = m[2]
		}
		pairs := [][2]string{
			{"text", "back"}, {"text", "card"}, {"soft", "back"}, {"soft", "card"}, {"link", "back"}, {"link", "card"},
			{"fail", "back"}, {"fail", "card"}, {"weak", "back"}, {"weak", "card"}, {"pass", "back"}, {"known", "back"},
		}
		for _, outcome := range []string{"pass", "fail", "weak", "known", "skip"} {
			pairs = append(pairs, [2]string{outcome, outcome + "-back"})
		}
		for _, pair := range pairs {
			a, b := luminance(t, colors[pair[0]]), luminance(t, colors[pair[1]])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: --%s on --%s has a contrast of %.2f", mode, pair[0], pair[1], ratio)
			}
		}
	}
}

// A site of ten subjects is built quickly.
func BenchmarkBuild(b *testing.B) {
	s, err := spec.Load(features.FS)
	if err != nil {
		b.Fatal(err)
	}
	text, err := features.FS.ReadFile("SPEC.md")
	if err != nil {
		b.Fatal(err)
	}
	in := site.Input{Spec: s, Text: text}
	for i := range 10 {
		in.Runs = append(in.Runs, results(b, s, fmt.Sprint("subject ", i), report.Pass, report.Pass, report.Pass, report.Known))
	}
	for b.Loop() {
		if err := site.Build(b.TempDir(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// One run is one page without another file.
func TestPage(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := site.Page(&out, site.Input{Spec: s, Runs: []*report.Results{results(t, s, "odd", report.Outcomes...)}, Version: "v2"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>odd 1.0</h1>", ":root {", "The first difference is at octet 2.", "Known deviation.", `<small>length</small>`, "Written by packetspec v2"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, m := range href.FindAllStringSubmatch(out.String(), -1) {
		if !strings.HasPrefix(m[1], "#") || !strings.Contains(out.String(), ` id="`+m[1][1:]+`"`) {
			t.Errorf("the link %s leads nowhere", m[1])
		}
	}
}
