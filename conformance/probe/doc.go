// Package probe runs the suite's scenarios with the tag @outside against a program that speaks the
// protocol itself, without an adapter.
//
// [Target] says how to reach the program: as a command whose standard input and output are the two
// streams, or by a socket. Each scenario has a connection of its own.
//
//  1. Examine opens a first connection, and finds out what the program does: which of the requests
//     that may be sent it answers, whether it ends its stream by itself, and whether it serves a second
//     connection meanwhile.
//  2. A [subject] opens the connections of the scenarios. To the runner it is an adapter that supports
//     the commands open and close alone.
//  3. A program that serves one connection at a time gets the scenarios in order. Those that may share
//     a connection come first, on the first one, since there may be no other.
package probe
