// Package play carries out a plan on a connection of a subject, and records what came.
//
// A [Line] is one connection: of an adapter's, over named pipes ([Process]), or of the
// reference in this process, over memory ([Reference]). What plays does not know which.
//
// Nothing waits for a fixed time. The player waits until all that is due has come; if that
// does not come in good time, it ends the peer's stream at once, which has a subject tell
// everything it still means to. So what is missing then is missing for good, and was found
// in the time that one wait may take, however slow the machine is.
package play
