// Package inprocess searches for inputs for which an implementation in this process breaks
// a requirement of features/SPEC.md.
//
// # Targets
//
// A target checks one input, which may be any bytes. It returns nil, or a [Violation] with
// the requirement, what was expected and what came. It is an ordinary function, so Go's
// fuzzer, libFuzzer and a test can all call it. [Targets] lists them:
//
//	Decode     reads octets from the wire, and writes what it read in the shortest form
//	RoundTrip  writes the fields of a packet, and compares it with packets that are nearly equal
//	Streams    reads a stream that arrives in pieces: the same packets, error and offset each time
//	Session    runs operations of the users of two connected endpoints, each with a model
//	Judged     plays an input on the reference and on the second implementation, and judges both
//
// Decode, RoundTrip, Streams and Session check the reference. Every target also fails if an
// execution panics, takes too long or leaves goroutines behind; Decode, Streams and Judged
// also fail if it allocates more memory than the input can need.
//
// # Expected values
//
// No target asks the reference what is right. The expected octets and packets come from the
// codec of package input, which codec_test.go compares with what the original was observed
// to do. What a connection must do comes from two places, because neither can replace the
// other:
//
//   - Package plan derives it from an input, before the input is played: for one connection,
//     between a scripted peer and the standard handler. Nothing in a plan depends on timing.
//   - A model (model.go) changes with each event of a live connection. It covers what an
//     input cannot say: two endpoints that answer each other, a limited number of handlers,
//     handlers that panic, writes that fail, and Close. Session, TestPeers, TestGopterSession
//     and TestConnection share it.
//
// Judged plays an input whose tags are used again a second time, without the waits of its
// plan. The waits make every outcome certain, but they also keep a request from arriving
// while the answer to the request before it, with the same tag, is on its way.
//
// # Who makes the inputs
//
//	native_test.go       Go's fuzzer, guided by coverage, from seeds_test.go and testdata/fuzz
//	judged_test.go       nobody: conversations of both users and the peer, as seeds for Judged
//	rapid_test.go        rapid: the laws of the codec, with integers and sizes near their limits
//	gopter_test.go       gopter: the same laws, and the operations of Session as its commands
//	machine_*_test.go    rapid: one connection, and a scripted peer that breaks every rule
//	peers_test.go        rapid: two endpoints in a bubble of time; FuzzPeers runs it from Go's fuzzer
//	faults_*_test.go     nobody: faults are planted, and the seeds must show each of them
//
// # Running
//
// Plain go test runs everything briefly, and the native targets on their seeds only. From
// the root of the repository:
//
//	go test ./fuzz/inprocess
//	go test ./fuzz/inprocess -run '^TestPeers$' -rapid.checks=100000
//	go test ./fuzz/inprocess -run '^$' -fuzz '^FuzzJudged$' -fuzztime 5m -fuzzminimizetime 100x
//	go test ./fuzz/inprocess -run '^$' -bench .    # executions a second
//
// fuzz/libfuzzer/build builds the targets as libFuzzer binaries, as OSS-Fuzz and
// ClusterFuzzLite run them.
//
// # Reproducing
//
// Every failure prints the command that reproduces it. Go's fuzzer keeps a failing input in
// testdata/fuzz, and rapid keeps a failing run in testdata/rapid. Both try first what they
// find there, so running the test again reproduces the failure. Elsewhere, rapid reads the
// flag -rapid.seed and gopter the variable GOPTER_SEED. The flag -input runs a native target
// on the bytes of a file, such as one that libFuzzer kept.
//
// Rename a file of testdata/fuzz that is worth keeping to say what it is, and commit it.
// Files of testdata/rapid lose their meaning when the test changes, so they are ignored.
package inprocess
