package relay

import (
	"fmt"
	"time"
)

// A key identifies a request among those in flight in its direction. (TAG-2, TAG-6)
type key struct{ channel, tag value }

func keyOf(p *Packet) key { return key{p.Channel.value(), p.Tag.value()} }

// A request is one that has not been answered.
type request struct {
	key
	number     int64     // in its direction, from 1
	at         time.Time // when the judge saw its last octet
	offset     int64
	wireType   Number
	size       uint64
	late       bool // reported as open for too long
	duplicate  bool // its tag was in use
	duplicated bool // its tag was used again
	reused     bool // its tag may have been used before
	beyond     bool // it has an integer of 2^61 or more

	older, newer *request // by number
	same         *request // the next newer one with the same key
}

// describe returns the request without its payload, which is not kept.
func (r *request) describe() string {
	channel := ""
	if r.channel != (value{}) {
		channel = fmt.Sprintf("channel %s, ", r.channel)
	}
	text := fmt.Sprintf("request: %stag %s, wire type %s", channel, r.tag, r.wireType.value())
	if r.size > 0 {
		text += fmt.Sprintf(", %d octets of payload", r.size)
	}
	return text
}

// answeredBy returns the requirement that has the request answered; usual is the one for most requests.
func (r *request) answeredBy(usual string) string {
	switch {
	case r.beyond:
		return "INT-5"
	case r.channel != (value{}):
		return "CHN-1"
	case r.reused:
		return "TAG-3"
	}
	return usual
}

// String returns the value in decimal, or a note if it has more than 64 bits.
func (v value) String() string {
	if v.high != 0 {
		return "above 2^64"
	}
	return fmt.Sprint(v.low)
}

// mostOpen bounds the requests of one direction that are remembered until they are answered. No
// implementation is known to have a hundredth as many in flight.
const mostOpen = 1 << 16

// An openRequests holds the requests of one direction that have not been answered, in order.
type openRequests struct {
	byKey          map[key]*request // the oldest with each key
	oldest, newest *request
	fresh          *request // the oldest that is not late
	count          int
	most           int  // the largest count so far
	full           bool // one was not remembered
	answered       [64]key
	answers        int
	free           *request // for reuse, by newer
}

// add remembers a request, and returns it. It returns nil if too many are open already.
func (o *openRequests) add(r request) *request {
	if o.count == mostOpen {
		o.full = true
		return nil
	}
	n := o.free
	if n != nil {
		o.free = n.newer
	} else {
		n = new(request)
	}
	*n = r
	if o.byKey == nil {
		o.byKey = make(map[key]*request)
	}
	if first := o.byKey[r.key]; first != nil {
		n.duplicate, first.duplicated = true, true
		for first.same != nil {
			first = first.same
		}
		first.same = n
	} else {
		o.byKey[r.key] = n
	}
	n.older = o.newest
	if o.newest != nil {
		o.newest.newer = n
	} else {
		o.oldest = n
	}
	o.newest = n
	if o.fresh == nil {
		o.fresh = n
	}
	o.count++
	o.most = max(o.most, o.count)
	return n
}

// answer removes the request with a key that an answer is for, and returns it. Of several with the same key, a
// failure is for the newest, which was refused because its tag was in use, and a result for the oldest.
func (o *openRequests) answer(k key, ok bool) (r request, found bool) {
	first := o.byKey[k]
	if first == nil {
		return r, false
	}
	n := first
	switch {
	case first.same == nil:
		delete(o.byKey, k)
	case ok:
		o.byKey[k] = first.same
	default:
		before := first
		for before.same.same != nil {
			before = before.same
		}
		n, before.same = before.same, nil
	}
	if n.older != nil {
		n.older.newer = n.newer
	} else {
		o.oldest = n.newer
	}
	if n.newer != nil {
		n.newer.older = n.older
	} else {
		o.newest = n.older
	}
	if o.fresh == n {
		o.fresh = n.newer
	}
	o.count--
	o.answered[o.answers%len(o.answered)] = k
	o.answers++
	r = *n
	*n = request{newer: o.free}
	o.free = n
	return r, true
}

// recently reports whether a request with this key was among the last ones answered.
func (o *openRequests) recently(k key) bool {
	for _, a := range o.answered[:min(o.answers, len(o.answered))] {
		if a == k {
			return true
		}
	}
	return false
}

// onOtherChannel returns an open request with the tag of a key, on another channel. It inspects some of many.
func (o *openRequests) onOtherChannel(k key) *request {
	const inspected = 1000
	r := o.oldest
	for n := 0; r != nil && n < inspected; n++ {
		if r.tag == k.tag {
			return r
		}
		r = r.newer
	}
	return nil
}
