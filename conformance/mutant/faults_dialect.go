package mutant

// Faults of the later dialect, which the mutant speaks with each of them.
var dialectFaults = []Fault{
	{"erq-missing", "ERQ-1", tells, "ERQ is never sent"},
	{"erq-twice", "ERQ-1", tells, "ERQ is sent twice"},
	{"erq-drops-answers", "ERQ-2", tells, "ERQ gives up what has been accepted"},
	{"request-after-erq-dropped", "ERQ-3", hangs, "requests that cross ERQ are dropped"},
	{"peer-erq-ends-stream", "ERQ-4", tells, "the peer's ERQ ends its stream, as a malformed EOF packet"},
	{"peer-erq-shuts-down", "ERQ-4", tells, "the peer's ERQ is answered by ERQ and EOF"},
	{"peer-erq-cancels-pending", "ERQ-4", tells, "the peer's ERQ cancels pending requests"},
	{"peer-erq-refuses-local-requests", "ERQ-4", tells, "after the peer's ERQ local requests are refused"},
	{"erq-by-octets", "ERQ-4", tells, "ERQ is told by its length, so another form of it is a malformed EOF packet"},
	{"peer-erq-drops-accepted", "ERQ-5", hangs, "the peer's ERQ drops what was accepted"},
	{"request-after-peer-erq-handled", "ERQ-6", tells, "a request after its sender's ERQ is handled"},
	{"request-after-peer-erq-dropped", "ERQ-6", hangs, "a request after its sender's ERQ is dropped"},
	{"request-after-peer-erq-ends-stream", "ERQ-6", tells, "a request after its sender's ERQ ends the stream"},
	{"second-peer-erq-ends-stream", "ERQ-7", tells, "a second ERQ ends the stream"},
	{"erq-with-flags-taken", "ERQ-8", hangs, "ERQ with flags is taken for ERQ"},
	{"erq-with-payload-taken", "ERQ-8", hangs, "ERQ with a payload is taken for ERQ"},
	{"erq-with-any-tag", "ERQ-8", hangs, "ERQ with another tag is taken for ERQ"},
	{"erq-on-any-channel", "ERQ-9", hangs, "ERQ on another channel is taken for ERQ"},
	{"later-tags-from-1", "ERQ-10", tells, "tags count from 1"},
	{"erq-any-request-with-tag-1", "ERQ-11", hangs, "any request with tag 1 is taken for ERQ"},
	{"later-tag-0-refused", "ERQ-11", tells, "a request with the tag 0 is refused, since tags count from 2"},
	{"peer-erq-after-eof-ends-badly", "ERQ-12", hangs, "the peer's ERQ after EOF ends its stream"},
	{"erq-before-answers-of-peer", "ERQ-13", tells, "ERQ and EOF do not wait for pending requests"},
}
