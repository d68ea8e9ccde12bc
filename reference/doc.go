// Package reference is the packet stream protocol in Go: the packet codec and a
// minimal [PacketConnection], meant to be read in one sitting beside
// features/SPEC.md. It imports the standard library only.
//
// A connection carries requests and responses in both directions at once over a
// pair of byte streams. A response is matched to its request by channel and tag,
// so answers may come in any order. Each end says that it has finished by sending
// one EOF packet, as its last octets.
//
// A peer is never trusted: a declared length costs memory only as its octets
// arrive, what is held for a peer is bounded, and malformed input ends the
// connection with an error that [PacketConnection.Join] reports.
package reference
