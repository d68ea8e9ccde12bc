package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/visible"
)

// A Replay makes commands that show findings again.
type Replay struct {
	Program []string // how a person starts packetspec, in words
	Path    string   // of its file, where no program of that name is found; or ""
	Flags   []string // for the verb
	Adapter []string // its command; empty: the built-in one
	Seed    uint64
}

// args returns the arguments of packetspec that play the input in a file.
func (r Replay) args(f *Finding, file string) []string {
	args := []string{"fuzz", "repro"}
	if f.Many { // twice as many inputs, since their number varies from run to run
		args = []string{"fuzz", "--seed", fmt.Sprint(r.Seed), "--inputs", fmt.Sprint(2 * (f.Number + 1)), "--dir", filepath.Join(filepath.Dir(file), "again")}
	}
	args = append(args, r.Flags...)
	if !f.Many {
		args = append(args, file)
	}
	if len(r.Adapter) > 0 {
		args = append(append(args, "--"), r.Adapter...)
	}
	return args
}

// Command returns the command that plays the input of a finding in a file, for a shell.
func (r Replay) Command(f *Finding, file string) string {
	return quote(append(append([]string{}, r.Program...), r.args(f, file)...)...)
}

// quote returns words for a shell.
func quote(words ...string) string { return adapter.Process{Argv: words}.String() }

// here stands for the folder of the script in its arguments. No argument holds a zero byte.
const here = "\x00"

// script returns a script for the folder of a finding. It plays the input beside itself, wherever the
// folder is by then, through whatever link it is started. The adapter's command may be relative, so
// it is run in the folder that was the working folder of the campaign or, if that is gone, in the one
// that is where it was, seen from the script.
func (r Replay) script(f *Finding, dir string) string {
	var words []string
	for _, arg := range r.args(f, filepath.Join(here, InputFile)) {
		if rest, isHere := strings.CutPrefix(arg, here); isHere {
			words = append(words, `"$here"`+quote(rest))
			continue
		}
		words = append(words, quote(arg))
	}
	var s strings.Builder
	s.WriteString("#!/bin/sh\n# Shows the finding again: " + visible.Line(f.Signature) + `
file=$0
while [ -L "$file" ]; do
	link=$(readlink "$file" && echo x) || exit 3
	link=${link%?x}
	case $link in
	/*) file=$link ;;
	*) file=$(dirname -- "$file")/$link ;;
	esac
done
here=$(dirname -- "$file" && echo x) || exit 3
here=$(CDPATH= cd -- "${here%?x}" && pwd && echo x) || exit 3
here=${here%?x}
`)
	if was, err := os.Getwd(); err == nil {
		fmt.Fprintf(&s, "if [ -d %s ]; then\n\tcd %[1]s || exit 3\n", quote(was))
		if absolute, err := filepath.Abs(dir); err == nil {
			if back, err := filepath.Rel(absolute, was); err == nil {
				fmt.Fprintf(&s, "else\n\tcd \"$here\"/%s || exit 3\n", quote(back))
			}
		}
		s.WriteString("fi\n")
	}
	if r.Path != "" {
		fmt.Fprintf(&s, "command -v %s >/dev/null 2>&1 || %[1]s() { %s \"$@\"; }\n", r.Program[0], quote(r.Path))
	}
	fmt.Fprintf(&s, "%s %s\n", quote(r.Program...), strings.Join(words, " "))
	return s.String()
}
