package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

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

// subject returns the adapter whose command stands behind -- or, if none does, the built-in
// adapter of a dialect.
func subject(cmd *cobra.Command, dialect string, args []string) (adapter.Process, error) {
	dash := cmd.ArgsLenAtDash()
	if dash > 0 || dash < 0 && len(args) > 0 {
		return adapter.Process{}, fmt.Errorf("%q is no flag: the adapter's command comes after --, as in: packetspec %s -- %s", args[0], cmd.Name(), strings.Join(args, " "))
	}
	return process(args, dialect)
}

// process returns the adapter that argv starts or, if argv is empty, this program as the
// built-in adapter of a dialect.
func process(argv []string, dialect string) (adapter.Process, error) {
	if len(argv) > 0 {
		return adapter.Process{Argv: argv, Env: os.Environ()}, nil // godog sets variables later
	}
	p, err := adapter.Self("adapter", "--dialect", dialect)
	if err != nil {
		return p, &statusError{statusAdapter, err}
	}
	return p, nil
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
