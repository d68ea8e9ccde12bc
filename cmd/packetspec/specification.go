package main

import (
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
