// Package site writes the results of several subjects, and the specification that they were tested
// against, as a folder of pages that a browser opens from files.
//
// The pages need no script, and nothing outside of the folder. A script filters tables and copies
// commands.
package site

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"

	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed style.css
var style []byte

//go:embed script.js
var script []byte

// An Input is what a site is made of.
type Input struct {
	Spec   *spec.Spec
	Text   []byte            // of SPEC.md
	Record *mutants.Record   // which scenario finds which fault
	Runs   []*report.Results // one for each column
	// Version and Commit are those of the packetspec that writes the site.
	Version, Commit string
}

// A page is what every page says of itself.
type page struct {
	Site  *site
	Title string
	// Here is the file of the page, Run what it is of, if that is one run.
	Here string
	Run  *run
	Data any
}

// A site holds what its pages share.
type site struct {
	Input
	runs []*run
}

// Build writes the site to a folder, which it makes if it does not exist. It replaces the files of an
// earlier site there, and leaves other files alone.
func Build(dir string, in Input) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	s := &site{Input: in}
	s.addRuns()
	set, err := s.parse()
	if err != nil {
		return err
	}
	write := func(name string, content []byte) error {
		return os.WriteFile(filepath.Join(dir, name), content, 0o666)
	}
	if err := write("style.css", style); err != nil {
		return err
	}
	if err := write("script.js", script); err != nil {
		return err
	}
	render := func(name, kind, title string, r *run, data any) error {
		var out bytes.Buffer
		p := page{Site: s, Title: title, Here: name, Run: r, Data: data}
		if err := set.ExecuteTemplate(&out, kind, p); err != nil {
			return fmt.Errorf("page %s: %w", name, err)
		}
		return write(name, out.Bytes())
	}
	if err := render("index.html", "index", "Results", nil, s.topics()); err != nil {
		return err
	}
	text, err := s.specification()
	if err != nil {
		return err
	}
	if err := render("specification.html", "specification", "Specification", nil, text); err != nil {
		return err
	}
	for _, q := range in.Spec.Requirements {
		if err := render(requirementFile(q.ID), "requirement", q.ID, nil, s.requirement(q)); err != nil {
			return err
		}
	}
	for _, r := range s.runs {
		if err := render(r.File, "subject", r.Name, r, s.subject(r)); err != nil {
			return err
		}
		for _, result := range r.Results.Results {
			if !hasPage(result) {
				continue
			}
			if err := render(r.failureFile(result.ID), "failure", result.ID, r, s.failure(r, result)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Page writes the results of one run as one page, without any other file.
func Page(w io.Writer, in Input) error {
	s := &site{Input: in}
	s.addRuns()
	set, err := s.parse()
	if err != nil {
		return err
	}
	r := s.runs[0]
	return set.ExecuteTemplate(w, "single", page{Site: s, Title: r.Name, Run: r, Data: s.single(r)})
}

// parse parses the templates, with the functions that they call.
func (s *site) parse() (*template.Template, error) {
	return template.New("site").Funcs(template.FuncMap{
		"glyph": glyph, "class": class, "word": word, "requirementFile": requirementFile, "line": line, "lines": block,
		"inline": s.inline, "milliseconds": milliseconds, "octets": octetsOf, "date": date,
		"style": func() template.CSS { return template.CSS(style) }, //nolint:gosec // it is part of this package
	}).ParseFS(templates, "templates/*.html")
}
