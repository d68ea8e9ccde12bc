// Package mutants measures the suite: it runs the scenarios against mutants, implementations
// with one fault each, and reports which scenarios detect which faults.
//
// A fault that no scenario of its own requirement detects is a gap in the suite, and so is
// a requirement whose scenarios detect no fault. To rule out failures by accident, each run
// also runs the scenarios without a fault, among the others and under the same load: there
// every scenario must pass.
package mutants
