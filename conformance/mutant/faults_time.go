package mutant

var timingFaults = []Fault{
	{"grace-0-is-default", "GRC-1", tells, "a grace of 0 is taken for none given"},
	{"never-flushed", "GRC-1", tells, "nothing is flushed but by the end, or by much to send"},
	{"grace-ignored", "GRC-2", tells, "there is no grace"},
	{"grace-in-milliseconds", "GRC-2", tells, "the grace is taken for milliseconds"},
	{"grace-for-each-packet", "GRC-2", tells, "there is a grace and a flush for each packet"},
	{"grace-after-flush", "GRC-2", tells, "the grace follows the flush"},
	{"grace-default-0", "GRC-3", tells, "the default grace is 0"},
	{"grace-default-1s", "GRC-3", tells, "the default grace is 1 s"},
}

var tickFaults = []Fault{
	{"tick-receiver-silent", "TCK-1", tells, "the receiver does not tick"},
	{"tick-once", "TCK-1", tells, "there is one tick, and no more"},
	{"tick-without-octets", "TCK-1", tells, "a tick is called without octets"},
	{"tick-sender-silent", "TCK-2", tells, "the sender does not tick"},
	{"tick-true-silent", "TCK-3", tells, "a tick of true ticks nowhere"},
	{"tick-unasked", "TCK-4", tells, "without a tick, ticks go to the standard error"},
}
