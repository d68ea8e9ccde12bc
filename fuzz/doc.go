// Package fuzz hunts for inputs that break the protocol's laws.
//
// The laws of the codec are written once, as functions that return an error
// (laws_test.go); most compare the reference with the oracle, the wire format
// written down a second time as naively as it can be (oracle_test.go). What differs
// is who looks for the counterexample:
//
//	gopter_*_test.go    gopter, with generators of its own
//	rapid_*_test.go     rapid, with generators that lean towards the boundaries
//	native_test.go      Go's fuzzer, guided by coverage; seeds from features/vectors
//	machine_*_test.go   rapid's state machine: one connection, its model, a scripted peer
//
// Plain go test runs all of them for a moment, native targets on their seeds and on
// testdata/fuzz only. From the root of the repository:
//
//	go test ./fuzz                                               everything, briefly
//	go test ./fuzz -run '^TestConnection$' -rapid.checks=100000  one property, at length
//	go test ./fuzz -run '^$' -fuzz '^FuzzDecode$' -fuzztime 5m -fuzzminimizetime 100x
//
// Every failure prints the one command that finds it again. rapid keeps a failure in
// testdata/rapid and Go's fuzzer in testdata/fuzz, and both try first what is there, so
// that to run the test again is to reproduce; elsewhere, rapid is given -rapid.seed.
// gopter is given its seed by GOPTER_SEED. A file of testdata/fuzz worth keeping is
// renamed to say what it is, and committed; those of testdata/rapid lose their meaning
// as the test changes, and are not.
package fuzz
