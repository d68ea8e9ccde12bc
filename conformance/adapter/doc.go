// Package adapter speaks both sides of the adapter protocol, version 1. The runner uses
// it to drive an implementation under test, in any language, through a small program: the
// adapter. ADAPTERS.md in this folder is the guide for authors of adapters.
//
// The runner writes commands to the adapter's standard input and reads replies from its
// standard output, one JSON object per line. The octets of a connection travel over two
// named pipes whose paths the runner chooses.
//
// A [Client] drives an adapter. [Process], [InProcess] and [Func] start one. [Serve] makes
// an [Implementation] in Go into an adapter; a [Server] does the same without the lines of JSON.
package adapter

// Version is the version of the adapter protocol that this package speaks.
const Version = 1
