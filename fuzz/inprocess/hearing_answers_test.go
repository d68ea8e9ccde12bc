package inprocess

import (
	"testing"

	"github.com/packetspec/packetspec/reference"
)

// Two tags are each used twice, by requests that are all alike. Of the second ones, one
// comes while its tag is in use, the other when it is free again.
func TestLikeRequestsMayBeAnsweredUnlike(t *testing.T) {
	const refusedTag, freeTag = 1, 2
	request := func(tag uint64) reference.Packet {
		return reference.Packet{IsRequest: true, Tag: tag, Type: 2, Payload: []byte("a")}
	}
	var h heard
	h.takeRequests([]reference.Packet{request(refusedTag), request(freeTag), request(refusedTag), request(freeTag)})
	answer := func(tag uint64) reference.Packet { return reference.Packet{Tag: tag, Flags: 0x55*2 + 1} }
	sent := []reference.Packet{answer(refusedTag), {Tag: refusedTag, Payload: []byte("in use")}, answer(freeTag), answer(freeTag)}
	call := reference.Request{Type: 1, Payload: []byte("a")}

	if err := h.checkAnswers(sent, []reference.Request{call, call, call}); err != nil {
		t.Errorf("three of four are answered: expected no error\ngot %v", err)
	}
	for calls, seen := range map[string][]reference.Request{
		"too few": {call, call}, "too many": {call, call, call, call}, "another": {call, call, {Type: 1}},
	} {
		if err := h.checkAnswers(sent, seen); err == nil {
			t.Errorf("calls of the handler: %s: expected an error, got none", calls)
		}
	}
}
