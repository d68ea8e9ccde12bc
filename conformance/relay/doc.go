// Package relay stands between the two ends of a connection and judges both.
//
// A [Relay] passes on the octets of each end as they come. Before it passes them on, a [Judge]
// sees them, so the judge sees an answer later than its request. Nothing else is known about the
// order of the two directions: what one end sent before it received something cannot be seen.
// A verdict therefore rests on the order within one direction, and on this one rule.
//
// A [Splitter] decodes each direction without keeping it: its memory does not depend on the lengths
// that packets declare. The memory of a judge is bounded too, whatever the two ends send.
//
// A [Recorder] keeps what was passed on for later, and [ReadRecording] reads it.
package relay
