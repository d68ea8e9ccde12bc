package campaign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/internal/visible"
)

// A Crash says how the process of a subject ended while an input was played.
type Crash struct {
	adapter.Exit
}

// crashKind is the Kind reported when the process of the subject ends.
const crashKind = "crash"

// crashOf returns how a process ended that replies no more.
func crashOf(p *process) *Crash { return &Crash{p.Exit()} }

// What is shown of a long standard error, in lines.
const (
	shownFirst = 30
	shownLast  = 20
)

// Shown returns the standard error for people. Of a long one it leaves out lines before the one that
// says why the process ended, and lines in the middle of the rest.
func (c *Crash) Shown() string {
	lines := strings.Split(strings.TrimRight(c.Stderr, "\n"), "\n")
	if len(lines) <= shownFirst+shownLast {
		return visible.Block(c.Stderr)
	}
	var before []string
	if at := slices.IndexFunc(lines, reason.MatchString); at > shownFirst {
		before, lines = []string{fmt.Sprintf("… %d lines more …", at)}, lines[at:]
	}
	if more := len(lines) - shownFirst - shownLast; more > 0 {
		lines = slices.Concat(lines[:shownFirst], []string{fmt.Sprintf("… %d lines more …", more)}, lines[len(lines)-shownLast:])
	}
	return visible.Block(strings.Join(append(before, lines...), "\n"))
}

// difference returns the crash as a difference. Its State distinguishes crashes: it holds how the
// process ended, and the words of the standard error that say why. It breaks the adapter guide alone:
// no requirement says what a process does.
func (c *Crash) difference(words string) judge.Difference {
	state := c.String()
	if words != "" {
		state += ": " + words
	}
	return judge.Difference{
		Requirement: NoRequirement, Kind: crashKind, State: state,
		Expected: "the process to run until its standard input ends, as the adapter guide requires", Came: "its end: " + c.String(),
	}
}

// shows reports whether the crash is the one of a signature: the process ended the same way, and
// wrote the same words, if the signature has any.
func (c *Crash) shows(signature string) bool {
	rest, is := strings.CutPrefix(signature, c.difference("").Signature())
	words, has := strings.CutPrefix(rest, ": ")
	return is && (rest == "" || has && slices.Contains(c.words(), words))
}

// sameWords returns the last words of two crashes by one input that are equal, and so do not vary
// from run to run, or "" if there are none.
func sameWords(a, b *Crash) string {
	others := b.words()
	for _, w := range slices.Backward(a.words()) {
		if slices.Contains(others, w) {
			return w
		}
	}
	return ""
}

var (
	// reason finds lines with which runtimes begin to say why a process ends.
	reason = regexp.MustCompile(`^(panic:|fatal error:|runtime: |thread '.*' panicked at|Exception in thread|Uncaught |terminate called|Fatal)|Assertion|Sanitizer: `)
	// frames finds the function of a line of a stack, as Go, Java and JavaScript, and sanitizers
	// write it.
	frames = []*regexp.Regexp{
		regexp.MustCompile(`^([\w./*()\[\]-]+\.[\w.*()\[\]-]+)\(.*\)$`),
		regexp.MustCompile(`^\s+at (.+)$`),
		regexp.MustCompile(`^\s*#\d+ 0x[0-9a-f]+ in (.+)$`),
	}
	// ownFrames finds functions of runtimes, which are the same for every crash.
	ownFrames = regexp.MustCompile(`^(panic|runtime[./]|java\.|node:)`)
	// pythonFrame finds a frame of Python, whose reason stands below the stack.
	pythonFrame = regexp.MustCompile(`^\s+File "(?:.*/)?(.+)", line (\d+), in (.+)$`)
)

// words returns what each line of the standard error says that might tell crashes apart, without
// what varies from run to run. Last comes why the process ended, and where, if a line says so.
func (c *Crash) words() (all []string) {
	lines := strings.Split(c.Stderr, "\n")
	for _, line := range lines {
		if s := steady(line); s != "" {
			all = append(all, s)
		}
	}
	if line, frame := why(lines); frame != "" {
		all = append(all, steady(line)+" at "+steady(frame))
	} else if line != "" {
		all = append(all, steady(line))
	}
	return all
}

// samePlace reports whether two processes ended the same way, at the same place of their code.
func (c *Crash) samePlace(other *Crash) bool {
	_, here := why(strings.Split(c.Stderr, "\n"))
	_, there := why(strings.Split(other.Stderr, "\n"))
	return here != "" && here == there && c.String() == other.String()
}

// why returns the line that says why a process ended, and the innermost frame of its stack, or "".
func why(lines []string) (line, frame string) {
	at := slices.IndexFunc(lines, reason.MatchString)
	for i, line := range lines {
		if f := pythonFrame.FindStringSubmatch(line); f != nil {
			frame = fmt.Sprintf("%s:%s in %s", f[1], f[2], f[3])
			at = i + slices.IndexFunc(append(lines[i:len(lines):len(lines)], "end"), func(l string) bool { return l != "" && !unicode.IsSpace(rune(l[0])) })
		}
	}
	if at < 0 || at >= len(lines) {
		return "", ""
	}
	for _, line := range lines[at:] {
		for _, f := range frames {
			if found := f.FindStringSubmatch(line); frame == "" && found != nil && !ownFrames.MatchString(found[1]) {
				words := strings.Fields(found[1])
				for i, w := range words {
					words[i] = w[strings.LastIndex(w, "/")+1:]
				}
				frame = strings.Join(words, " ")
			}
		}
	}
	return lines[at], frame
}

var (
	quoted = regexp.MustCompile(`'[^']*'|"[^"]*"|b'[^']*'`)
	place  = regexp.MustCompile(`\.\w+:\d+`)
	digits = regexp.MustCompile(`0x[0-9a-fA-F]+|[0-9a-fA-F]*\d[0-9a-fA-F]*`)
)

// maxWords bounds a line of the words of a crash, in bytes: it is part of its signature.
const maxWords = 80

// steady returns a line without what varies from run to run, or from input to input: numbers and
// quoted text. Places in source code stay.
func steady(line string) string {
	line = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, line)
	words := strings.Fields(quoted.ReplaceAllString(line, "'…'"))
	for i, w := range words {
		if !place.MatchString(w) {
			words[i] = digits.ReplaceAllString(w, "N")
		}
	}
	s := strings.Join(words, " ")
	for len(s) > maxWords {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}
