// Package mutants proves the suite: it runs the scenarios against an implementation with
// one fault after the other, and tells which scenario finds which.
//
// A fault that no scenario of its own requirement finds is a hole in the suite, and so
// is a requirement whose scenarios find no fault. Nothing is found by accident: each
// run tries the implementation without a fault too, among the others and under the
// same load, and there nothing may be found.
package mutants
