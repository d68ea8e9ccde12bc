// Package reference implements the packet stream protocol: the packet codec and a
// [PacketConnection]. It is meant to be read in one sitting beside
// features/SPEC.md, whose requirement ids stand in parentheses, such as (EOS-4).
// It imports only the standard library.
//
// A connection carries requests and responses in both directions at once over a
// pair of byte streams. A response has the channel and the tag of its request, so
// responses may arrive in any order. Each end sends one EOF packet, as its last
// octets, when it has finished.
//
// The package does not trust the peer. A declared length costs memory only as its
// octets arrive. [WithBacklog] bounds what the connection holds for the peer.
// Malformed input ends the connection with an error, which
// [PacketConnection.Join] returns.
package reference
