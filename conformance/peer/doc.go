// Package peer is the scripted peer at the other end of a subject's connection. It
// writes exact octets, may break every rule, records the wire, and reads what the
// subject sends with a codec of its own: the verdict of a scenario never rests on
// the reference.
package peer
