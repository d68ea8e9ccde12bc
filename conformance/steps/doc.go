// Package steps implements the steps of the features. table.go lists every step with its method
// and its entry in the manual, features/STEPS.md, which a test generates:
//
//	go test ./conformance/steps -run TestManual -update
//
// A method is named after the actor of its step: subject… and peer… make one end act or
// require that it has acted, expect… requires a result, use… and note… are the runner's. The
// entry says what the step does; a comment on the method says only what the entry leaves out.
// One [World] serves one scenario. What a step expects stands in the feature, as octets or
// values: nothing here asks the reference.
package steps
