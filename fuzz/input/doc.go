// Package input is what a campaign feeds to an implementation: all that its peer, and
// its local user, do on one connection, in one sequence of octets.
//
// An input is a stream of packets as the peer writes them. What a peer cannot say by
// packets stands between them as private packets, which are never written: responses on
// [Private], a channel that nobody has asked on. So one raw file is a whole input, any
// octets are an input, and most of what changes a stream of packets changes an input
// into another.
//
//	tag  op        flags                     payload                        does
//	1    await                                                              the peer waits until all that is due has come
//	2    request   decoder + 4 if late       type, flags, channel, payload  the local user requests; late: waits at the end
//	3    release                             gate                           lets the handlers go on that wait at the gate
//	4    shutdown  1: blocking                                              the local user shuts down
//	5    options   1: no handler; 2: the default grace, not 0               how the connection is opened; the first counts
//	6    segment   n                                                        the next packet comes in two pieces, the first of n octets; 0: before it
//	7    close                                                              the peer ends its stream here
//
// Integers in payloads are BSUInts. A private packet with another tag does nothing.
package input
