// Package input holds the form of a fuzzing input: everything that the peer and the local
// user do on one connection, in one sequence of octets.
//
// An input is a stream of packets as the peer writes them. What a peer cannot say by packets
// stands between them as private packets, which are never written: responses on the channel
// [Private]. So one raw file is a whole input, any octets are an input, and most changes of a
// stream of packets turn an input into another.
//
//	tag  op        flags                     payload                        does
//	1    await                                                              the peer waits until everything that is due has come
//	2    request   decoder + 4 if late       type, flags, channel, payload  the local user requests; late: it waits at the end only
//	3    release                             gate                           the local user releases the handlers that wait at the gate
//	4    shutdown  1: blocking                                              the local user shuts down
//	5    options   1: no handler; 2: the default grace, not 0               says how the connection is opened; the first one counts
//	6    segment   n                                                        the next packet comes in two pieces, the first of n octets; 0: before it
//	7    close                                                              the peer ends its stream
//
// Integers in payloads are BSUInts. A private packet with another tag does nothing.
package input
