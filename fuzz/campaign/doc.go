// Package campaign searches for inputs that a subject handles differently from the specification,
// and reduces a thousand inputs that show one fault to one small, confirmed finding.
//
//	generator  makes inputs from a corpus, and keeps those for which the reference's trace is new
//	pool       plays the inputs on processes of the subject, many at a time, and judges the records
//	collect    takes the results in the order of the inputs; a new signature makes a suspect
//	triage     confirms a suspect on fresh processes, minimises it, and makes it a finding
//
// What the generator makes depends on its seed alone: neither on the subject, nor on the number or
// the speed of its processes. So a seed identifies a campaign. The exception is a subject that is
// [Instrumented]: the generator learns from its edges.
package campaign
