// Package conformance is the runner: it runs the scenarios of the specification against a
// subject, an implementation that an adapter drives, and reports whether it conforms.
//
//  1. A line of a feature becomes a step.
//  2. The step sends a command to the adapter, or octets to the subject by a pipe.
//  3. What comes back decides the outcome of the scenario, which names the requirements that
//     it tests.
//  4. The outcomes become a report.
package conformance
