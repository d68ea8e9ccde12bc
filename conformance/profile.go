package conformance

import (
	"fmt"
	"strings"

	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/internal/hint"
)

// Claimed returns those of the scenarios that test what a profile claims, and how many it leaves out.
// Only the profile codec leaves out any: those that need a connection.
func Claimed(p profile.Profile, scenarios []spec.Scenario) (claimed []spec.Scenario, outside int, err error) {
	if p != profile.Codec {
		return scenarios, 0, nil
	}
	for _, sc := range scenarios {
		if !steps.NeedsConnection(sc.Steps) {
			claimed = append(claimed, sc)
		}
	}
	if claimed == nil {
		err = fmt.Errorf("%w by --profile %s: the scenarios that match need a connection", ErrNothingSelected, p)
		return nil, 0, hint.Add(err, "--profile %s", profile.Connection)
	}
	return claimed, len(scenarios) - len(claimed), nil
}

// skip returns the result of a scenario that err skipped. It breaks the claim of a profile that requires
// what the adapter lacks.
func skip(p profile.Profile, r report.Result, err error) report.Result {
	r.Outcome, r.Reason = report.Skip, strings.TrimPrefix(err.Error(), steps.ErrSkip.Error()+": ")
	r.Lacks, r.Refused = steps.Lack(err)
	if r.Lacks != "" && p.Requires(r.Lacks) {
		r.Unmet = string(p)
	}
	return r
}
