package spec_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

var update = flag.Bool("update", false, "record the version of SPEC.md")

// digest returns a digest of all requirements: their ids, levels, sources and texts.
func digest(s *spec.Spec) string {
	h := sha256.New()
	for _, q := range s.Requirements {
		_, _ = fmt.Fprintf(h, "%s %s %s %s\n", q.ID, q.Level, q.Source, q.Text)
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:16]
}

// recorded returns an error if the versions, one a line with the digest of its requirements, do not
// end with the version and the digest of s, or do not rise.
func recorded(versions []string, s *spec.Spec) error {
	last := [2]int{-1, -1}
	version, known := "", ""
	for _, line := range versions {
		if _, err := fmt.Sscanf(line, "%s %s", &version, &known); err != nil {
			return fmt.Errorf("the line %q: %w", line, err)
		}
		var v [2]int
		if _, err := fmt.Sscanf(version, "%d.%d", &v[0], &v[1]); err != nil {
			return fmt.Errorf("the line %q: %w", line, err)
		}
		if v[0] < last[0] || v[0] == last[0] && v[1] <= last[1] {
			return fmt.Errorf("the version %s does not rise", version)
		}
		last = v
	}
	switch {
	case known == digest(s) && version != s.Version:
		return fmt.Errorf("SPEC.md has the version %s, but its requirements are those of %s", s.Version, version)
	case known != digest(s) && version == s.Version:
		return fmt.Errorf("a requirement has changed since version %s: raise the version at the top of SPEC.md, then record it by go test ./conformance/spec -run Version -update", version)
	case known != digest(s):
		return fmt.Errorf("version %s is not recorded: go test ./conformance/spec -run Version -update", s.Version)
	}
	return nil
}

// The version of SPEC.md rises whenever a requirement changes.
func TestVersion(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/versions.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	versions := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if *update && recorded(versions, s) != nil {
		versions = append(versions, s.Version+" "+digest(s))
		if err := recorded(versions, s); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Join(versions, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := recorded(versions, s); err != nil {
		t.Error(err)
	}
}

// A change of a requirement without a new version is found, and so is a version that falls.
func TestVersionThatDoesNotRise(t *testing.T) {
	s := load(t, files{"SPEC.md": one, "a.feature": tested})
	now := "1.0 " + digest(s)
	for _, c := range []struct {
		versions []string
		want     string
	}{
		{[]string{"0.9 0000", now}, ""},
		{[]string{"1.0 0000"}, "a requirement has changed since version 1.0"},
		{[]string{"0.9 0000"}, "version 1.0 is not recorded"},
		{[]string{"1.1 0000", now}, "the version 1.0 does not rise"},
		{[]string{"1.1 " + digest(s)}, "SPEC.md has the version 1.0, but its requirements are those of 1.1"},
	} {
		err := recorded(c.versions, s)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("of %q: got %v, expected %q", c.versions, err, c.want)
		}
	}
}
