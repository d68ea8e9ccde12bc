package conformance

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
)

// A Shard is one of several parts into which scenarios are dealt out, so that each is
// in one part; the zero Shard is all of them.
type Shard struct{ part, of int }

// ParseShard reads I/N: part I, from 1 on, of N.
func ParseShard(text string) (Shard, error) {
	i, n, _ := strings.Cut(text, "/")
	part, errPart := strconv.Atoi(i)
	of, errOf := strconv.Atoi(n)
	if errPart != nil || errOf != nil || part < 1 || part > of {
		return Shard{}, fmt.Errorf("--shard %q: it reads I/N, part I of N, as in 1/4", text)
	}
	return Shard{part, of}, nil
}

// Of is the shard's part of scenarios.
func (s Shard) Of(scenarios []spec.Scenario) ([]spec.Scenario, error) {
	if s.of == 0 {
		return scenarios, nil
	}
	var part []spec.Scenario
	for i := s.part - 1; i < len(scenarios); i += s.of {
		part = append(part, scenarios[i])
	}
	if len(part) == 0 {
		return nil, fmt.Errorf("%w in part %d of %d of %d scenarios", ErrNothingSelected, s.part, s.of, len(scenarios))
	}
	return part, nil
}
