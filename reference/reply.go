package reference

import (
	"context"
	"strconv"
	"strings"
)

// A Request is what a requester sends and what a [Handler] receives.
type Request struct {
	Channel uint64 // in a handler always 0: requests on other channels are refused
	Type    uint64 // the wire carries one more (RQS-1, RQS-2)
	Flags   uint64
	Payload []byte  // copied on submission; in a handler it belongs to the handler
	Decode  Decoder // not sent; nil in a handler
}

// A Reply is the result of a handler. It expresses all five results that the
// documentation of the original names. (HND-1 to HND-5)
//
//	Reply{}                       None
//	Reply{Flags: n}               int
//	Reply{Payload: b}             bytes
//	Text(s)                       str
//	Reply{Flags: n, Payload: b}   (int, bytes)
type Reply struct {
	Flags   uint64 // at most 2^60-1: the ok bit takes one of the 61 bits
	Payload []byte
}

// Text returns the reply whose payload is s in UTF-8. A lone surrogate, which a Go
// string can hold as the three bytes of its generalized UTF-8 form, becomes an XML
// character reference: U+D800 becomes "&#55296;". (HND-4, HND-10)
func Text(s string) Reply {
	var out strings.Builder
	for i := 0; i < len(s); {
		if i+2 < len(s) && s[i] == 0xed && s[i+1]&0xe0 == 0xa0 && s[i+2]&0xc0 == 0x80 {
			surrogate := 0xd000 | int(s[i+1]&0x3f)<<6 | int(s[i+2]&0x3f)
			out.WriteString("&#" + strconv.Itoa(surrogate) + ";")
			i += 3
			continue
		}
		out.WriteByte(s[i])
		i++
	}
	return Reply{Payload: []byte(out.String())}
}

// A Handler answers the peer's requests. Several goroutines call it at once; see
// [WithHandlers]. A non-nil error or a panic becomes a failure response (HND-6). The
// context ends when no response can be sent any more.
//
// A handler may send requests to the peer and wait for their responses. It must then
// pass its context, or one derived from it, to [PacketConnection.Do] and [Call.Wait]:
// a handler that waits with its context does not count as running. One that waits with
// another context does, and can deadlock with the peer. A handler must not call
// Shutdown(true) or [PacketConnection.Join], which wait for the handler itself.
type Handler func(context.Context, Request) (Reply, error)

// A Response is the peer's answer to a request. OK is false if the peer refused the
// request or its handler failed. A Go error, in contrast, means that no response came
// or that its [Decoder] failed.
type Response struct {
	OK bool
	Reply
	Value any // the decoder's value for an ok response; nil without a decoder
}

// A Decoder converts the flags and payload of an ok response into a value. (DCR-1)
type Decoder func(flags uint64, payload []byte) (any, error)

// The ok bit is the lowest bit of a response's flags; the handler's flags stand above
// it. (RSP-1)
const (
	okBit         = 1 << 0
	replyShift    = 1
	maxReplyFlags = MaxInteger >> replyShift
)

// answer returns the octets of a response. The channel and tag must come from a packet
// that was read, and r.Flags must not exceed maxReplyFlags; it panics otherwise.
func answer(channel, tag uint64, ok bool, r Reply) []byte {
	flags := r.Flags << replyShift
	if ok {
		flags |= okBit
	}
	octets, err := Packet{Channel: channel, Tag: tag, Flags: flags, Payload: r.Payload}.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	return octets
}

// maxFailText bounds the text of a failure response, in bytes: enough for people to
// read, too little for an error that quotes a whole payload.
const maxFailText = 256

// failure returns the reply of a failure response. Its payload is text for people,
// which no program should parse. (HND-6)
func failure(text string) Reply {
	return Reply{Payload: []byte(strings.ToValidUTF8(text[:min(len(text), maxFailText)], ""))}
}
