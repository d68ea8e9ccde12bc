// Package judge compares the record of what a subject did with the plan of what an input requires.
//
// [Judge] is a pure function of both. A [Record] says during which act of the plan something
// was seen: it may have happened earlier, but never later. So a lower bound, such as that a
// shutdown returns only after an answer, is judged by what was seen before the act that lifts
// it, and an upper bound by the waits of the plan, never by the clock.
//
// A [Reading] does the same for the subject's codec, without a connection.
package judge
