package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/output"
	"github.com/packetspec/packetspec/internal/readfile"
)

// A knownFile is the file of --known. Its owner ends it with update or close.
type knownFile struct {
	known.List
	text    string
	missing bool         // there is no such file yet
	file    *output.File // to write with --update-known
}

// openKnown reads the list of known deviations in the file of --known. An empty name is an empty
// list. With update, so is a missing file, and openKnown finds out whether the file can be written.
func openKnown(ctx context.Context, name string, s *spec.Spec, update bool) (*knownFile, error) {
	k := &knownFile{}
	if name == "" {
		return k, nil
	}
	if info, err := os.Stat(name); update && err == nil && !info.Mode().IsRegular() {
		return nil, hint.Add(fmt.Errorf("--known is %q, which is not a regular file: --update-known reads it, and then replaces it", name), "--known known.txt")
	}
	var err error
	k.text, k.List, err = readKnown(ctx, name, s)
	k.missing = errors.Is(err, fs.ErrNotExist)
	switch {
	case k.missing && !update:
		return nil, hint.Add(err, "packetspec test --update-known makes the file")
	case err != nil && !k.missing:
		return nil, err
	}
	if update {
		if k.file, err = output.Open(ctx, name); err != nil {
			return nil, fmt.Errorf("--known is %q: --update-known must be able to write it: %w", name, err)
		}
	}
	return k, nil
}

// readKnown reads the list of known deviations in the file of --known, and returns its text too.
func readKnown(ctx context.Context, name string, s *spec.Spec) (text string, list known.List, err error) {
	file, err := readfile.Open(ctx, name)
	if err != nil {
		return "", nil, fmt.Errorf("--known: %w", err)
	}
	defer func() { _ = file.Close() }()
	var read strings.Builder
	list, err = known.Read(name, io.TeeReader(file, &read), s)
	return read.String(), list, err
}

// update writes the list anew.
func (k *knownFile) update(text string) error {
	return k.file.Write(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// close gives up a file that was not written.
func (k *knownFile) close() {
	if k.file != nil {
		k.file.Close()
	}
}
