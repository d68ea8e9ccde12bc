// Package adapter is both sides of the adapter protocol, version 1: how the runner
// drives an implementation under test, in any language, through a small program of
// its own, the adapter. ADAPTERS.md in this folder is the guide for its authors.
//
// Commands go to the adapter's standard input and replies come from its standard
// output, one JSON object a line; the octets of a connection travel over named
// pipes whose paths the runner gives. [Client] drives, [Serve] serves; [Command]
// and [InProcess] are the two ways to start what is driven.
package adapter

// Version is the version of the adapter protocol that this package speaks.
const Version = 1
