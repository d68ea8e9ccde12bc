// Package mutant is a second implementation of the protocol, made to be broken.
//
// It was written from SPEC.md alone, by other means than the reference: integers
// without bound, results of a dynamic type, one goroutine a handler. Without a fault
// it passes every scenario, so two independent implementations agree on what the
// scenarios say. With one of its [Faults], each a mistake that an implementer may
// well make, a scenario is to fail: a fault that survives is a hole in the suite.
//
// A fault is consulted, by its name, at the point where it acts, and changes nothing
// beyond its own mistake.
package mutant
