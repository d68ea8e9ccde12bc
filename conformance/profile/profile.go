// Package profile holds what a subject claims to be able to do, and what a claim requires of its
// adapter.
package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/nearest"
)

// A Profile is a claim about a subject. A scenario that is skipped for want of something that
// the claim requires counts against the subject.
type Profile string

// The profiles. Each claims more than the one before.
const (
	Codec      Profile = "codec"      // encode and decode packets
	Connection Profile = "connection" // also the commands on connections, without an optional ability
	Everything Profile = "everything" // also every optional ability

	// Outside claims nothing: no adapter drives the subject, and only its end of a connection is seen.
	Outside Profile = "outside"
)

// All lists the profiles of subjects with an adapter, the one that claims least first.
var All = []Profile{Codec, Connection, Everything}

// codecCommands and connectionCommands are the core of the adapter protocol, in the order of the
// guide. The commands equal, string and ticks are not in it: each needs an ability.
var (
	codecCommands      = []string{adapter.OpEncode, adapter.OpDecode}
	connectionCommands = []string{
		adapter.OpOpen, adapter.OpRequest, adapter.OpWait, adapter.OpDo, adapter.OpRelease,
		adapter.OpSeen, adapter.OpShutdown, adapter.OpJoin, adapter.OpClose,
	}
)

// codecAbilities are the abilities that scenarios without a connection may need.
var codecAbilities = []adapter.Ability{adapter.CanEqual, adapter.CanString, adapter.CanBigIntegers}

// Requires reports whether a subject with this profile must have an ability or a core command,
// given by its name.
func (p Profile) Requires(name string) bool {
	return p == Everything || slices.Contains(codecCommands, name) ||
		p == Connection && slices.Contains(connectionCommands, name)
}

// CountsEveryLevel reports whether a skip that the profile does not allow counts whatever the
// level of its scenario. Optional abilities are tested by scenarios of every level.
func (p Profile) CountsEveryLevel() bool { return p == Everything }

// Lacking returns the names of the abilities that scenarios of the profile may need and an adapter
// does not list, in the order of the guide, and then those names of skipped, the lacks for which
// scenarios were skipped, that are not among them.
func (p Profile) Lacking(supports []adapter.Ability, skipped []string) []string {
	lacking := []string{}
	if p == Outside {
		return lacking
	}
	for _, a := range adapter.Abilities {
		if (p != Codec || slices.Contains(codecAbilities, a)) && !slices.Contains(supports, a) {
			lacking = append(lacking, string(a))
		}
	}
	for _, name := range slices.Sorted(slices.Values(skipped)) {
		if !slices.Contains(lacking, name) {
			lacking = append(lacking, name)
		}
	}
	return lacking
}

// Fitting returns the greatest profile that requires none of these abilities and commands. If every
// profile requires some, it returns the least, and those that it requires.
func Fitting(lacks []string) (fitting Profile, required []string) {
	for _, p := range slices.Backward(All) {
		if !slices.ContainsFunc(lacks, p.Requires) {
			return p, nil
		}
	}
	least := All[0]
	return least, slices.DeleteFunc(slices.Clone(lacks), func(name string) bool { return !least.Requires(name) })
}

// Bounds of the warnings about an adapter's list of abilities: how many names they quote, and how
// many bytes of each. The longest ability has 15.
const (
	maxWarnings = 8
	maxName     = 40
)

// Warnings returns a warning for each name in an adapter's list of abilities that is not an
// ability, with the ability that was probably meant.
func Warnings(supports []adapter.Ability) (warnings []string) {
	abilities := append(slices.Clone(adapter.Abilities), adapter.CanSockets)
	var names []string
	for _, a := range abilities {
		names = append(names, string(a))
	}
	unknown := 0
	for _, a := range supports {
		if slices.Contains(abilities, a) {
			continue
		}
		if unknown++; unknown > maxWarnings {
			continue
		}
		name := string(a[:min(len(a), maxName)])
		like := nearest.Names(strings.ToLower(strings.ReplaceAll(name, "_", "-")), names, 1)[0]
		if len(name) < len(a) {
			name += "…"
		}
		warnings = append(warnings, fmt.Sprintf("the adapter's reply to hello lists %q, which is not an ability; did it mean %q?", name, like))
	}
	if unknown > maxWarnings {
		warnings = append(warnings, fmt.Sprintf("the adapter's reply to hello lists %d more names that are not abilities", unknown-maxWarnings))
	}
	return warnings
}
