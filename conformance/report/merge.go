package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/internal/hint"
)

// Merge returns the results of several parts of one run, such as its shards, as those of the whole. The
// scenarios come in the order of the specification. The error says why the parts are not of one run, or
// names a scenario that two of them have.
func Merge(parts []*Results) (*Results, error) {
	if len(parts) == 1 {
		return parts[0], nil
	}
	first := parts[0]
	whole := *first
	whole.Results, whole.Unfinished, whole.Lacking, whole.Notes, whole.Warnings = nil, nil, nil, nil, nil
	whole.Elapsed, whole.NotRun, whole.OutsideProfile, whole.Run.Shards = 0, 0, 0, nil
	hosts, seen := []string{}, map[string]bool{}
	for _, part := range parts {
		if err := first.sameRun(part); err != nil {
			return nil, err
		}
		for _, r := range part.Results {
			if seen[r.ID] {
				return nil, hint.Add(fmt.Errorf("two of them have the scenario %s: they are not parts of one run", r.ID), "packetspec test --shard 1/2 and --shard 2/2 run parts")
			}
			seen[r.ID] = true
		}
		whole.Results = append(whole.Results, part.Results...)
		whole.Unfinished = append(whole.Unfinished, part.Unfinished...)
		whole.Lacking = addNew(whole.Lacking, part.Lacking)
		whole.Notes = addNew(whole.Notes, part.Notes)
		whole.Warnings = addNew(whole.Warnings, part.Warnings)
		whole.Run.Shards = addNew(whole.Run.Shards, part.Run.Shards)
		whole.NotRun, whole.OutsideProfile = whole.NotRun+part.NotRun, whole.OutsideProfile+part.OutsideProfile
		whole.NotRunBecause = cmp.Or(whole.NotRunBecause, part.NotRunBecause)
		whole.GivenUp, whole.Interrupted = cmp.Or(whole.GivenUp, part.GivenUp), cmp.Or(whole.Interrupted, part.Interrupted)
		whole.Elapsed += part.Elapsed
		hosts = addNew(hosts, []string{part.Run.Host.Name})
		if part.Run.Began.Before(whole.Run.Began) {
			whole.Run.Began = part.Run.Began
		}
	}
	whole.Run.Host.Name = strings.Join(hosts, ", ")
	slices.SortStableFunc(whole.Results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	slices.Sort(whole.Run.Shards)
	if whole.Run.complete() {
		whole.Run.Shards = nil
	}
	whole.Summarize()
	return &whole, nil
}

// complete reports whether the shards are all of one division.
func (s Setting) complete() bool {
	for i, shard := range s.Shards {
		var n, of int
		if _, err := fmt.Sscanf(shard, "%d/%d", &n, &of); err != nil || of != len(s.Shards) {
			return false
		}
		if !slices.Contains(s.Shards, fmt.Sprintf("%d/%d", i+1, of)) {
			return false
		}
	}
	return true
}

// sameRun returns an error if a part is not of the same run as r.
func (r *Results) sameRun(part *Results) error {
	for _, c := range []struct{ what, one, other string }{
		{"subject", r.Subject.String(), part.Subject.String()},
		{"version of packetspec", r.Suite.Version, part.Suite.Version},
		{"version of the specification", r.Suite.Specification, part.Suite.Specification},
		{"dialect", r.Run.Dialect, part.Run.Dialect},
		{"profile", string(r.Profile), string(part.Profile)},
		{"levels that count", r.Run.Counting, part.Run.Counting},
	} {
		if c.one != c.other {
			return fmt.Errorf("they are not parts of one run: the %s of one is %q, and of another %q", c.what, c.one, c.other)
		}
	}
	return nil
}

// Whole reports whether the run was of the whole suite, as far as the results say: every scenario of the
// specification has a result, or the profile does not claim it.
func (r *Results) Whole() bool {
	return r.Suite.Scenarios == 0 || len(r.Results)+r.OutsideProfile >= r.Suite.Scenarios
}

// Part says what part of the suite the results are of, as in "12 of 732 scenarios".
func (r *Results) Part() string {
	text := fmt.Sprintf("%d of %d scenarios", len(r.Results), r.Suite.Scenarios)
	if len(r.Run.Shards) > 0 {
		text += ", shard " + strings.Join(r.Run.Shards, " and ")
	}
	return text
}

// addNew returns the strings of both lists, each once.
func addNew(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}
