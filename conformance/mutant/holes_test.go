package mutant_test

// holes are the faults that no scenario of their requirement finds for sure, and what
// one would need. A fault that is found from then on is taken off by hand.
var holes = map[string]string{
	"tag-for-each-channel":           "requests on two channels, and their tags",
	"tag-lost-to-refused-request":    "the tag of the request after one refused as invalid",
	"tag-compared-by-octets":         "a duplicate whose tag is overlong",
	"channel-refusal-loses-tag":      "one tag on channel 0 and on another, both in flight",
	"eof-ignores-kind":               "the stray response 02 00 00",
	"second-response-wins":           "a result that is fetched after both responses have come",
	"decoder-without-flags":          "a decoder whose value tells its flags",
	"decoder-flags-with-ok-bit":      "a decoder whose value tells its flags",
	"eof-before-answers":             "a failure by any packet after EOF",
	"eof-on-any-channel":             "the request 04 00 03 07 00, which is EOF but for its channel",
	"second-shutdown-says-eof":       "two shutdowns while a handler runs",
	"block-wakes-one":                "two blocking shutdowns while a handler runs",
	"join-at-next-answer":            "a sign that join has begun before the request comes",
	"end-after-shutdown-told-as-eof": "the end as it is told after a shutdown",
	"join-tells-once":                "the end as a second join tells it",
	"tick-unasked":                   "the standard error of a connection without a tick",
}
