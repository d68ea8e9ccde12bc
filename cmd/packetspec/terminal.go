package main

import (
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
)

// terminal returns the terminal that w writes to, or nil.
func terminal(w io.Writer) *os.File {
	if p, ok := w.(*printer); ok {
		w = p.out
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// interactive returns the terminal that w writes to if a person sees it and it can rewrite its
// lines, or nil. Some CI systems run their jobs on a terminal, and keep its output as a log.
func interactive(w io.Writer) *os.File {
	if kind := os.Getenv("TERM"); os.Getenv("CI") != "" || kind == "" || kind == "dumb" {
		return nil
	}
	return terminal(w)
}

// inColor reports whether text for w is in color, by the value of --color.
func inColor(when string, w io.Writer) bool {
	return when == "always" || when == "auto" && os.Getenv("NO_COLOR") == "" && interactive(w) != nil
}

// eraseLine is the control sequence that a terminal obeys by erasing the line.
const eraseLine = "\r\x1b[K"

// columnsOf returns how many columns a terminal has now. Some report none.
func columnsOf(f *os.File) int {
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns == 0 {
		return 80
	}
	return columns
}

// fit returns a line that is shorter than a terminal's width: in the last column some terminals
// break the line. Every character must take one column. Those of ids do: they are letters and
// digits of ASCII, with hyphens and slashes.
func fit(line string, columns int) string {
	if most := max(1, columns-1); utf8.RuneCountInString(line) > most {
		return string([]rune(line)[:most-1]) + "…"
	}
	return line
}
