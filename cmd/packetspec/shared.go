package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// specification is the one that is built in.
func specification() (*spec.Spec, error) {
	s, err := spec.Load(features.FS)
	if err != nil {
		return nil, &statusError{statusNot, err}
	}
	return s, nil
}

// runCommand is the command that runs the scenarios that match, as a person types it,
// with further flags.
func runCommand(match, flags string, adapterArgs []string) string {
	s := self() + " test --run '" + match + "'" + flags
	if len(adapterArgs) > 0 {
		s += " -- " + adapter.Process{Argv: adapterArgs}.String()
	}
	return s
}

// self is how this command was started: by go run, which leaves the program in a
// folder for builds, or by its name.
func self() string {
	path, err := os.Executable()
	if err == nil && strings.Contains(path, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/packetspec"
	}
	return "packetspec"
}
