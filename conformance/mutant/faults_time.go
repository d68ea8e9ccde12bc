package mutant

var timingFaults = []Fault{
	{"grace-0-is-default", "GRC-1", tells, "a grace of 0 is taken for none given"},
	{"never-flushed", "GRC-1", hangs, "nothing is flushed but by the end, or by much to send"},
	{"grace-ignored", "GRC-2", tells, "there is no grace"},
	{"grace-in-milliseconds", "GRC-2", tells, "the grace is taken for milliseconds"},
	{"grace-for-each-packet", "GRC-2", tells, "there is a grace and a flush for each packet"},
	{"grace-after-flush", "GRC-2", tells, "the grace follows the flush"},
	{"grace-default-0", "GRC-3", tells, "the default grace is 0"},
	{"grace-default-100ms", "GRC-3", tells, "the default grace is 0.1 s"},
	{"grace-default-1s", "GRC-3", hangs, "the default grace is 1 s"},
}

var tickFaults = []Fault{
	{"tick-receiver-silent", "TCK-1", hangs, "the receiver does not tick"},
	{"tick-once", "TCK-1", hangs, "there is one tick, and no more"},
	{"tick-without-octets", "TCK-1", hangs, "a tick is called without octets"},
	{"tick-sender-silent", "TCK-2", hangs, "the sender does not tick"},
	{"tick-true-silent", "TCK-3", hangs, "a tick of true ticks nowhere"},
	{"tick-unasked", "TCK-4", hangs, "without a tick, ticks go to the standard error"},
}
