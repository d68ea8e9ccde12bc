// Package mutate changes inputs with knowledge of packets.
//
// [Mutate] is a pure function of chance and two inputs, on plain octets, so that any
// engine can use it: campaigns, Go's native fuzzing, libFuzzer's custom mutators.
// [Blind] knows nothing of packets; it is what guided mutation is measured against.
package mutate
