// Package watch shows and judges the traffic of a real connection: of a program that speaks the protocol on its
// standard input and output, or of two sockets. It puts a relay there, and writes what the relay's judge sees.
package watch
