package interop

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/nearest"
)

func mapKeys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

// A Deviation is a line of a list of known deviations: an adapter breaks a requirement, in a situation or in all, with
// one other adapter or with any.
type Deviation struct {
	Adapter     string // the name in its reply to hello, with hyphens for spaces
	Peer        string // empty: any
	Situation   string // "*": all
	Requirement string
	Flaky       bool // the deviation may show or not: in a list, a ? follows the requirement
	Reason      string
	Where       string // FILE:LINE
}

const (
	maxKnownLine = 64 << 10 // bytes
	knownForm    = "a line is like: cs.packetstream large BID-4 it stops reading, or for one pair: cs.packetstream/packetspec-reference * TAG-3 it remembers every tag"
)

// ReadKnown reads a list of known deviations: ADAPTER[/PEER] SITUATION REQUIREMENT reason. A question mark
// after the requirement says that the deviation is flaky. Empty lines, and lines that begin with #, are comments.
func ReadKnown(name string, r io.Reader, s *spec.Spec) (list []Deviation, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxKnownLine)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		where := fmt.Sprintf("%s:%d", name, n)
		fields := strings.Fields(text)
		if len(fields) < 4 {
			return nil, hint.Add(fmt.Errorf("%s: a known deviation reads: ADAPTER[/PEER] SITUATION REQUIREMENT reason", where), knownForm)
		}
		d := Deviation{Situation: fields[1], Requirement: fields[2], Reason: strings.Join(fields[3:], " "), Where: where}
		d.Requirement, d.Flaky = strings.CutSuffix(d.Requirement, "?")
		d.Adapter, d.Peer, _ = strings.Cut(fields[0], "/")
		ids := []string{"*"}
		for _, situation := range situations {
			ids = append(ids, situation.ID)
		}
		if !slices.Contains(ids, d.Situation) {
			return nil, hint.Add(fmt.Errorf("%s: there is no situation %s", where, d.Situation), "%s", nearest.Names(d.Situation, ids, 1)[0])
		}
		if _, ok := s.Requirement(d.Requirement); !ok && d.Requirement != "-" {
			return nil, hint.Add(fmt.Errorf("%s: there is no requirement %s", where, d.Requirement), "packetspec list shows all; %s", knownForm)
		}
		list = append(list, d)
	}
	if err := lines.Err(); err != nil {
		return nil, hint.Add(fmt.Errorf("%s: %w", name, err), knownForm)
	}
	return list, nil
}

// plainName returns the name of an adapter as lists write it.
func plainName(name string) string { return strings.Join(strings.Fields(name), "-") }

// covers reports whether a deviation is that of a finding, by the names in the replies to hello.
func (d Deviation) covers(f Finding, blamed, peer, situation string) bool {
	return d.Adapter == plainName(blamed) && (d.Peer == "" || d.Peer == plainName(peer)) &&
		(d.Situation == "*" || d.Situation == situation) && d.Requirement == f.Requirement
}
