// Package play carries out a plan on a connection of a subject, and records what the subject did.
//
// An [Endpoint] is the peer's side of one connection: of an adapter's process, over named
// pipes ([Process]), or of the reference in this process, over memory ([Reference]). The
// player does not know which.
//
// Nothing waits for a fixed time. The player waits until everything due has come. If
// something does not come within a limit, the player gives the script up and ends the peer's
// stream, and then the subject has to send everything that it still means to. So what is
// missing at the end of its stream will never come, however slow the machine is, and only
// what came between the limit and the end may have been slow.
package play
