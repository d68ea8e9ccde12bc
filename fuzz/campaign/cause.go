package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// plainest holds the simplest inputs: nothing, a request, two requests, a local request that is
// answered, a shutdown. A difference that one of them shows comes with nearly every input, so that
// it is no mark of a common cause to see it beside another.
var plainest = [][]byte{
	nil,
	input.Packet{IsRequest: true, Type: 1}.Octets(),
	slices.Concat(input.Packet{IsRequest: true, Type: 1}.Octets(), input.Packet{IsRequest: true, Tag: 1, Type: 3, Payload: []byte("a")}.Octets()),
	slices.Concat(input.Asks(input.Local{}, 0), input.Packet{Tag: 1, Flags: 1}.Octets()),
	input.Step(input.Shutdown, 0, nil),
}

// causes decides which findings have one suspected cause.
type causes struct {
	everywhere map[string]bool // signatures that the plainest inputs show
}

// same reports whether two findings have one suspected cause. Differences by different faults rarely
// have any of these marks of one fault:
//
//  1. They are of the same kind and break the same requirement, in different states.
//  2. The smallest input of each shows the other too. Where the other is one of the codec, it is
//     enough that it shows beside the one: minimising would have removed a packet that the codec
//     gets wrong.
//  3. They are of the same kind, or both concern what is missing or how a stream ended, and the
//     smallest input of one contains the packets and steps of the other's. One input shows only the
//     first of them: the others may follow from it.
//  4. They are of the same kind or break the same requirement, and their smallest inputs are the
//     same sequence of several packets and steps, but for what each request asks for. A fault in
//     what one request asks for needs no second packet.
//  5. They are crashes at the same place, where the process ended the same way.
//
// A difference that only a process shows which played many inputs has no smallest input.
func (c causes) same(a, b *Finding) bool {
	switch {
	case a.Many || b.Many:
		return false
	case a.Crash != nil || b.Crash != nil:
		return a.Crash != nil && b.Crash != nil && a.Crash.samePlace(b.Crash)
	}
	alike := a.Difference.Kind == b.Difference.Kind
	broken := a.Difference.Requirement == b.Difference.Requirement
	return alike && broken ||
		c.showsToo(a, b) && (c.showsToo(b, a) || isCodec(b)) || c.showsToo(b, a) && isCodec(a) ||
		(alike || follows(a) && follows(b)) && (c.contains(a, b) || c.contains(b, a)) ||
		(alike || broken) && sameSequence(a, b)
}

// showsToo reports whether the smallest input of a shows b too.
func (c causes) showsToo(a, b *Finding) bool {
	return !c.everywhere[b.Signature] && slices.Contains(a.shows, b.Signature)
}

func isCodec(f *Finding) bool { return f.Difference.State == judge.Codec }

// follows reports whether a difference may follow from another of which the same may be said.
func follows(f *Finding) bool {
	kind := f.Difference.Kind
	return f.Difference.IsMissing() || strings.HasPrefix(kind, "ended by ") || strings.HasPrefix(kind, "told ")
}

// contains reports whether the smallest input of a contains the packets and steps of the smallest
// input of b, in order.
func (c causes) contains(a, b *Finding) bool {
	part := tokens(b.Input, true)
	ends := func(token string) bool { return token == eofPacket || token == malformed }
	if c.everywhere[b.Signature] || !slices.ContainsFunc(part, func(token string) bool { return !ends(token) }) {
		return false // every stream ends somehow
	}
	if duplicates(b) > duplicates(a) {
		return false
	}
	for _, t := range tokens(a.Input, true) {
		// A request on an id of its own may be one that uses an id again.
		if len(part) > 0 && (t == part[0] || strings.Replace(t, isAgain, isFirst, 1) == part[0]) {
			part = part[1:]
		}
	}
	return len(part) == 0
}

// How a token says whether the id of a packet was used before.
const (
	isFirst = "first"
	isAgain = "again"
)

func sameSequence(a, b *Finding) bool {
	s := tokens(a.Input, false)
	return len(s) > 1 && slices.Equal(s, tokens(b.Input, false)) && duplicates(a) == duplicates(b)
}

// duplicates returns how many requests of the smallest input use a tag that is in flight. Another use
// of the tag, after its request was answered, looks the same.
func duplicates(f *Finding) (n int) {
	if f.Plan == nil {
		return 0
	}
	for _, note := range f.Plan.Notes {
		if note.Outcome == "duplicate" {
			n++
		}
	}
	return n
}

// tokens returns a word for each packet and step of an input, in order. Requests are distinguished
// only by whether their id was used before or, with precise, by the kinds of all their fields too.
// An EOF packet at the end adds nothing to the end of the octets, so it is left out. So are options,
// unless the words are precise.
func tokens(raw []byte, precise bool) (all []string) {
	used := map[input.ID]bool{}
	for _, f := range input.Frames(raw) {
		p := f.Packet
		switch op := f.Op(); {
		case op == input.Options && !precise:
		case op != input.Write:
			all = append(all, fmt.Sprintf("step %d", op))
		case f.Shape != input.Whole:
			all = append(all, malformed)
		case p.EndsStream():
			all = append(all, eofPacket)
		default:
			t := fmt.Sprintf("request %t %s", p.IsRequest, isFirst)
			if used[p.ID()] {
				t = strings.Replace(t, isFirst, isAgain, 1)
			}
			used[p.ID()] = true
			if precise {
				t += fmt.Sprintf(" channel %t flags %t type %d payload %t", p.Channel != 0, p.Flags > 0, p.Type, len(p.Payload) > 0)
			}
			all = append(all, t)
		}
	}
	for len(all) > 0 && all[len(all)-1] == eofPacket {
		all = all[:len(all)-1]
	}
	return all
}

// The tokens of what ends a stream.
const (
	eofPacket = "EOF"
	malformed = "malformed"
)

// signatures returns the signatures of differences.
func signatures(found []judge.Difference) (all []string) {
	for _, d := range found {
		all = append(all, d.Signature())
	}
	return all
}
