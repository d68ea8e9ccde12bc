// Package plan turns an input into what it requires of an implementation.
//
// [Make] returns a [Plan]: the acts of the peer and of the local user, in order, and what
// the specification requires in response. A plan is a pure function of the input and of the
// subject's abilities.
//
// Each frame of the input takes the same way:
//
//  1. decide returns a step: what the frame is, which requirement it tests, what must have
//     been observed before, what is done, and what that requires.
//  2. carryOut appends the step to the plan, and keeps account of what is due, held or pending.
//
// What the peer writes is decided in peer.go, and what the local user does in local.go.
//
// No requirement rests on an order that nothing observable enforces. An adapter may carry
// out a command later than the octets that follow it, and an implementation may do its work
// late. So wherever the order of two acts decides what is right, the plan waits between
// them for something that shows that the first has taken effect:
//
//   - The reply to a command. The request is submitted, or the shutdown has returned.
//   - A packet. A local request is pending once it is on the wire. All octets before a
//     request have been received once that request is answered.
//   - EOF, or a request that is refused as closed. The shutdown has begun.
//
// Where no other answer would show that octets have been received, the peer sends a ping: a
// request on a channel that nobody serves, which every implementation refuses.
//
// What the specification leaves unspecified, a plan does not require. Where the specification sets
// a lower bound, such as how many handlers run at once, a plan requires no more than the bound.
package plan
