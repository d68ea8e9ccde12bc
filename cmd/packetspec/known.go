package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// readKnown reads the list of known deviations, if there is one to be.
func (f *testFlags) readKnown(s *spec.Spec) (list string, known conformance.Known, err error) {
	if f.known == "" {
		return "", nil, nil
	}
	octets, err := os.ReadFile(f.known)
	switch {
	case f.update && errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, fmt.Errorf("--known: %w\nhint: --update-known makes the file", err)
	case err != nil:
		return "", nil, fmt.Errorf("--known: %w", err)
	}
	known, err = conformance.ReadKnown(f.known, strings.NewReader(string(octets)), s)
	return string(octets), known, err
}

// updateKnown writes the list as it should read after a run.
func (f *testFlags) updateKnown(list string, results *report.Results) error {
	if err := os.WriteFile(f.known, []byte(conformance.UpdateKnown(list, results)), 0o666); err != nil {
		return &statusError{statusNot, fmt.Errorf("--update-known: %w", err)}
	}
	return nil
}
