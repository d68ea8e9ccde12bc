package conformance_test

import (
	"bytes"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/report"
)

// timeFaults are those of packet_grace and of ticks.
var timeFaults = []fault{
	{"a grace of 0 is the default", "GRC-1", "", graces(func(o *adapter.OpenOptions) {
		if o.Grace != nil && *o.Grace == 0 {
			o.Grace = nil
		}
	})},
	{"no grace is given", "GRC-2", "", graces(func(o *adapter.OpenOptions) { o.Grace = ptr(0.0) })},
	{"the default grace is 0", "GRC-3", "", graces(func(o *adapter.OpenOptions) {
		if o.Grace == nil {
			o.Grace = ptr(0.0)
		}
	})},
	{"the default grace is 0.1 s", "GRC-3", "", graces(func(o *adapter.OpenOptions) {
		if o.Grace == nil {
			o.Grace = ptr(0.1)
		}
	})},

	{"the receiver does not tick", "TCK-1", report.Timeout, ticks(func(b []byte) bool { return string(b) != "<" })},
	{"the sender does not tick", "TCK-2", report.Timeout, ticks(func(b []byte) bool { return string(b) == "<" })},
	{"a tick of true does not tick", "TCK-3", report.Timeout, graces(func(o *adapter.OpenOptions) { o.TickStderr = false })},
	{"it ticks unasked", "TCK-4", "", func(f *faulty) {
		f.reply = func(line []byte) []byte {
			return bytes.Replace(line, []byte(`"ticks":[]`), []byte(`"ticks":["3c"]`), 1)
		}
	}},
}

// graces changes the options of each connection.
func graces(change func(*adapter.OpenOptions)) func(*faulty) {
	return func(f *faulty) { f.options = change }
}

// ticks lets through some of the ticks.
func ticks(through func([]byte) bool) func(*faulty) {
	return graces(func(o *adapter.OpenOptions) {
		tick := o.Tick
		if tick == nil {
			return
		}
		o.Tick = func(b []byte) {
			if through(b) {
				tick(b)
			}
		}
	})
}
