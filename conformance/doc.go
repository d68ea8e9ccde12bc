// Package conformance runs the specification's scenarios against a subject, an
// implementation behind an adapter, and says what conforms.
//
// A feature's line becomes a step; a step becomes a command on the adapter's
// standard input or octets on a data pipe; what comes back becomes a verdict, with
// the requirement that it breaks; the verdicts become a report.
package conformance
