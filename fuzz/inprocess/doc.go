// Package inprocess hunts for inputs that break the protocol's laws.
//
// A target takes any octets and returns nil, or a [Violation]: the requirement broken, what
// was expected and what came. It is an ordinary function, which native fuzzing, any
// other engine and a replay all call. [Targets] lists them:
//
//	Decode        octets are read as the oracle reads them, and written in the shortest form
//	RoundTrip     fields are written as the oracle writes them, or refused
//	Streams       however a stream is cut, the same packets, and the same error at the same offset
//	Session       a program of operations on two connected peers, each of which does as its model
//	Judged        the reference and the second implementation do as package plan requires, of any input
//
// Every target also catches that it panics, hangs or leaves goroutines behind (target.go).
//
// None asks the reference what is right. The oracle is the wire format written down a
// second time, as naively as it can be (oracle.go), and held to what the original was
// observed to do; what a connection makes of an input is package plan's to say, and what
// one does operation by operation a model of it (model.go), which Session, TestPeers and
// TestConnection share.
//
// What differs is who looks for the counterexample:
//
//	native_test.go         Go's fuzzer, guided by coverage; seeds from features/vectors
//	rapid_test.go          rapid: laws of the codec, with generators that lean towards the boundaries
//	machine_*_test.go      rapid: one connection and a scripted peer that breaks every rule
//	peers_test.go          rapid: two peers, in a bubble of time; FuzzPeers is the same property
//	gopter_test.go         gopter: the same laws, and the same two peers as its command sequences
//	faults_*_test.go       nobody: mistakes are planted, and each must be found out
//
// Plain go test runs all of them for a moment, native targets on their seeds and on
// testdata/fuzz only. From the root of the repository:
//
//	go test ./fuzz/inprocess                                               everything, briefly
//	go test ./fuzz/inprocess -run '^TestPeers$' -rapid.checks=100000       one property, at length
//	go test ./fuzz/inprocess -run '^$' -fuzz '^FuzzDecode$' -fuzztime 5m -fuzzminimizetime 100x
//	go test ./fuzz/inprocess -run '^$' -bench .                            executions a second
//
// Every failure prints the one command that finds it again. rapid keeps a failure in
// testdata/rapid and Go's fuzzer in testdata/fuzz, and both try first what is there, so
// that to run the test again is to reproduce; elsewhere, rapid is given -rapid.seed.
// gopter is given its seed by GOPTER_SEED. A file of testdata/fuzz worth keeping is
// renamed to say what it is, and committed; those of testdata/rapid lose their meaning
// as the test changes, and are not.
package inprocess
