// Package skeleton writes adapters in several languages that are complete but for the calls of the
// implementation under test.
package skeleton

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/nearest"
	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// templates has a folder for each language. A file whose name ends in .tmpl loses that: without it the Go
// toolchain would take the file for its own.
//
//go:embed all:templates
var templates embed.FS

// A Language is one in which a skeleton can be written.
type Language struct {
	Name  string // as a user names it
	Title string
	Tool  string   // the program without which the skeleton cannot be built or run
	Build []string // commands of a shell that build the adapter and run its own tests, in its folder
	Run   string   // the command that starts the adapter, in its folder
}

// Languages lists the languages.
var Languages = []Language{
	{"python", "Python", "python3", []string{"python3 -m unittest"}, "python3 adapter.py"},
	{"javascript", "JavaScript", "node", []string{"node --test"}, "node adapter.js"},
	{"typescript", "TypeScript", "npm", []string{"npm install", "npm test"}, "node dist/adapter.js"},
	{"rust", "Rust", "cargo", []string{"cargo test", "cargo build --release"}, "target/release/adapter"},
	{"java", "Java", "javac", []string{"javac -Xlint:all -Werror -encoding UTF-8 -d classes src/*.java test/*.java", "java -cp classes AdapterTest"}, "java -cp classes Adapter"},
	{"c", "C", "cc", []string{"make test", "make"}, "./adapter"},
	{"go", "Go", "go", []string{"go test ./...", "go build -o adapter ."}, "./adapter"},
}

// Names returns the names of the languages.
func Names() (names []string) {
	for _, l := range Languages {
		names = append(names, l.Name)
	}
	return names
}

// ErrWrite is in the tree of the error of a file or a folder that cannot be written.
var ErrWrite = errors.New("not written")

// Write writes the skeleton of a language into a folder, which it makes if it does not exist, and returns
// the names of the files. The folder must be empty.
func Write(language, dir string) (l Language, files []string, err error) {
	i := slices.IndexFunc(Languages, func(l Language) bool { return l.Name == language })
	if i < 0 {
		return l, nil, hint.Add(fmt.Errorf("--lang is %q: it must be %s", language, words.Join(Names(), "or")), "--lang %s", likely(language))
	}
	if err := checkEmpty(dir); err != nil {
		return l, nil, err
	}
	source, err := fs.Sub(templates, path.Join("templates", language))
	if err != nil {
		return l, nil, err
	}
	err = fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(strings.TrimSuffix(name, ".tmpl")))
		if entry.IsDir() {
			return unwritten(os.MkdirAll(target, 0o777))
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		files = append(files, strings.TrimSuffix(name, ".tmpl"))
		return unwritten(writeNew(target, content))
	})
	return Languages[i], files, err
}

// others maps names that people use to the languages that they mean.
var others = map[string]string{
	"py": "python", "python3": "python", "cpython": "python", "golang": "go", "js": "javascript", "node": "javascript",
	"nodejs": "javascript", "ts": "typescript", "rs": "rust", "jvm": "java", "kotlin": "java", "c++": "c", "cpp": "c", "gcc": "c",
}

// likely returns the language that a person may have meant.
func likely(language string) string {
	language = strings.ToLower(language)
	if name, known := others[language]; known && slices.Contains(Names(), name) {
		return name
	}
	return nearest.Names(language, Names(), 1)[0]
}

// checkEmpty returns an error if a folder has anything in it, or is not a folder.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	info, statErr := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case statErr == nil && !info.IsDir():
		return hint.Add(fmt.Errorf("DIR is %q, which is a file: it must be an empty folder, or not exist", dir), "name a folder that does not exist yet")
	case err != nil:
		return unwritten(err)
	case len(entries) > 0:
		return hint.Add(fmt.Errorf("DIR is %q, which is not empty (it has %s): it must be an empty folder, or not exist", dir, visible.Line(entries[0].Name())),
			"name a folder that does not exist yet, such as %s", filepath.Join(dir, "adapter"))
	}
	return nil
}

// writeNew writes a file that does not exist yet.
func writeNew(name string, content []byte) error {
	mode := os.FileMode(0o666)
	if strings.HasPrefix(string(content), "#!") {
		mode = 0o777
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// unwritten wraps the error of a write in [ErrWrite], in words without the name of the system call.
func unwritten(err error) error {
	var of *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &of):
		return fmt.Errorf("%s is %w: %w", of.Path, ErrWrite, of.Err)
	}
	return fmt.Errorf("%w: %w", ErrWrite, err)
}
