// Package mutant is a second implementation of the protocol, with planted errors.
//
// It was written from SPEC.md alone, and differently from the reference: it has
// unbounded integers, dynamically typed results and one goroutine per handler. Without
// a fault it passes every scenario, so two independent implementations agree on what
// the scenarios require. Each of its [Faults] is an error that an implementer could
// make. A fault that no scenario detects shows a gap in the suite.
//
// The code checks for a fault by name, exactly where the fault acts: search for the name
// to find it. A fault changes nothing else.
package mutant
