// Package judge says what an input requires of an implementation, and in what a record of
// what one did differs from that.
//
// [Make] turns an input into a [Plan]: the acts of the peer and of the local user, in
// order, and beside them what the specification requires in answer. Nothing in it
// depends on time. Where the outcome of an input would, because a tag may or may not be
// free again when it is used the next time, the peer waits first until all that is due
// has come; where the specification leaves an outcome open, the plan does too. So the
// plan is a pure function of the input, and [Judge] one of plan and record.
//
// What is due is known by what has been answered before: a request on a channel that
// nobody serves is refused by everyone, and so its refusal tells that what was sent
// before has been received. The peer sends one, a ping, where no other answer would tell.
package judge
