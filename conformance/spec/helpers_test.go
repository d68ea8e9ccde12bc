package spec_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/packetspec/packetspec/conformance/spec"
)

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, expected %v", what, got, want)
	}
}

// A files is a specification: the content of SPEC.md and of feature files, by name.
type files map[string]string

func (f files) load() (*spec.Spec, error) {
	fsys := fstest.MapFS{}
	for name, content := range f {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return spec.Load(fsys)
}

func load(t *testing.T, f files) *spec.Spec {
	t.Helper()
	s, err := f.load()
	if err != nil {
		t.Fatalf("got the error %v, expected none", err)
	}
	return s
}

// refused fails the test unless Load of f returns an error with all the messages.
func refused(t *testing.T, f files, messages ...string) {
	t.Helper()
	_, err := f.load()
	if err == nil {
		t.Fatalf("got no error, expected one that contains %q", messages)
	}
	for _, words := range messages {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("got the error\n%v\nexpected it to contain %q", err, words)
		}
	}
}

// one is a SPEC.md with one requirement, A-1, a must.
const one = "# Title\n\nVersion 1.0.\n\n**A-1** *(must; observed)* It is so.\n"

// tested is a feature with one scenario for A-1.
const tested = `Feature: A

  @A-1 @must
  Scenario: it is so
    Then it is so
`
