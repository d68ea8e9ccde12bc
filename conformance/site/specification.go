package site

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"github.com/packetspec/packetspec/conformance/spec"
)

// A specificationPage is SPEC.md as a page.
type specificationPage struct {
	Body     template.HTML
	Sections []section
}

// A section is a heading of the specification.
type section struct{ Anchor, Title string }

// converter turns Markdown into HTML. Markdown that holds HTML is shown as text.
var converter = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

var (
	// requirementStart matches the beginning of a requirement on the page.
	requirementStart = regexp.MustCompile(`<p><strong>([A-Z]+-[0-9]+)</strong> <em>\((must|should|may); (\w+)\)</em>`)
	// heading matches a heading of a section.
	heading = regexp.MustCompile(`<h2 id="([^"]*)">(.*?)</h2>`)
	// localLink matches a link to a file beside SPEC.md, which the site does not have.
	localLink = regexp.MustCompile(`<a href="([^#"][^"]*)">(.*?)</a>`)
	// mention matches the id of a requirement.
	mention = regexp.MustCompile(`\b[A-Z]{2,4}-[0-9]+\b`)
	tag     = regexp.MustCompile(`<[^>]*>`)
)

// specification returns SPEC.md with each requirement linked to its page, and its results beside it.
func (s *site) specification() (specificationPage, error) {
	var p specificationPage
	var out bytes.Buffer
	if err := converter.Convert(s.Text, &out); err != nil {
		return p, err
	}
	html := localLink.ReplaceAllStringFunc(out.String(), func(link string) string {
		m := localLink.FindStringSubmatch(link)
		if strings.Contains(m[1], "://") {
			return link
		}
		return m[2]
	})
	for _, m := range heading.FindAllStringSubmatch(html, -1) {
		p.Sections = append(p.Sections, section{m[1], tag.ReplaceAllString(m[2], "")})
	}
	html = s.linkMentions(html)
	html = requirementStart.ReplaceAllStringFunc(html, func(start string) string {
		m := requirementStart.FindStringSubmatch(start)
		q, known := s.Spec.Requirement(m[1])
		if !known {
			return start
		}
		return `<p class="requirement" id="` + q.ID + `"><a class="id" href="` + requirementFile(q.ID) + `">` + q.ID + `</a> <span class="level ` +
			string(q.Level) + `">` + string(q.Level) + `</span> <span class="soft">` + q.Source + `</span> ` + s.badges(q)
	})
	p.Body = template.HTML(html) //nolint:gosec // of the project's own SPEC.md
	return p, nil
}

// badges returns the result of every run for a requirement, as links.
func (s *site) badges(q spec.Requirement) string {
	var out strings.Builder
	for _, r := range s.runs {
		c := r.cellOf(s.Spec.Testing(q.ID))
		title := template.HTMLEscapeString(r.Name + ": " + c.Words())
		out.WriteString(`<a class="badge ` + c.Class() + `" href="` + requirementFile(q.ID) + `" title="` + title + `" aria-label="` + title + `">` + c.Glyph() + `</a>`)
	}
	return `<span class="badges">` + out.String() + `</span> `
}

// linkMentions links the ids of requirements in the text of HTML, outside of code, links and the beginnings of
// requirements.
func (s *site) linkMentions(html string) string {
	var out strings.Builder
	inside := 0 // elements whose text stays
	at := 0
	for _, span := range tag.FindAllStringIndex(html, -1) {
		text := html[at:span[0]]
		if inside == 0 {
			text = mention.ReplaceAllStringFunc(text, func(id string) string {
				if _, known := s.Spec.Requirement(id); !known {
					return id
				}
				return `<a href="` + requirementFile(id) + `">` + id + `</a>`
			})
		}
		out.WriteString(text)
		element := html[span[0]:span[1]]
		for _, name := range []string{"a", "code", "strong", "h1", "h2", "h3"} {
			switch {
			case element == "</"+name+">":
				inside--
			case element == "<"+name+">" || strings.HasPrefix(element, "<"+name+" "):
				inside++
			}
		}
		out.WriteString(element)
		at = span[1]
	}
	return out.String() + html[at:]
}

// inline returns the text of a requirement, which is Markdown, as HTML.
func (s *site) inline(text string) (template.HTML, error) {
	var out bytes.Buffer
	if err := converter.Convert([]byte(text), &out); err != nil {
		return "", err
	}
	html := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(out.String()), "<p>"), "</p>")
	html = localLink.ReplaceAllString(html, "$2")
	html = strings.ReplaceAll(html, `href="#`, `href="specification.html#`)
	return template.HTML(s.linkMentions(html)), nil //nolint:gosec // goldmark escapes what is HTML in it
}
