package reference

import (
	"context"
	"strconv"
	"strings"
)

// A Request is what a requester asks and what a [Handler] is given.
type Request struct {
	Channel uint64 // 0 unless the peer is known to serve others
	Type    uint64 // the caller's type; the wire carries one more (RQS-2)
	Flags   uint64
	Payload []byte
	Decode  Decoder // for the requester's own use: not sent, and nil in a handler
}

// A Reply is what a handler returns: each of the five results that the
// documentation names is one form of it. (HND-1 to HND-5)
//
//	Reply{}                       None
//	Reply{Flags: n}               int
//	Reply{Payload: b}             bytes
//	Text(s)                       str
//	Reply{Flags: n, Payload: b}   (int, bytes)
type Reply struct {
	Flags   uint64 // at most 2^60-1, half of MaxInteger: the wire adds the ok bit
	Payload []byte
}

// Text is the reply whose payload is s in UTF-8. Go holds a lone surrogate as the
// three octets that encode its number; each is written as an XML character
// reference, U+D800 as "&#55296;".
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

// A Handler answers the peer's requests; it may be called several times at once.
// A non-nil error, or a panic, becomes a failure response (HND-6). The context ends
// when no answer can be sent any more, and should be the one given to [Call.Wait]
// and [PacketConnection.Do] from inside the handler: a handler that waits with it
// holds no other request back.
type Handler func(context.Context, Request) (Reply, error)

// A Response is the answer to a request. That the peer refused or failed is
// OK == false, not a Go error: those mean that no answer came.
type Response struct {
	OK bool
	Reply
	Value any // what the decoder made of an ok response; nil without one
}

// A Decoder turns the flags and payload of an ok response into a value. (DCR-1)
type Decoder func(flags uint64, payload []byte) (any, error)

// The responder's ok bit is the lowest of a response packet's flags. (RSP-1)
const (
	okBit         = 1 << 0
	replyShift    = 1
	maxReplyFlags = MaxInteger >> replyShift
)

// answer is the octets of the response to the request with this channel and tag,
// which were read from a packet; r's flags are at most maxReplyFlags.
func answer(channel, tag uint64, ok bool, r Reply) []byte {
	flags := r.Flags << replyShift
	if ok {
		flags |= okBit
	}
	octets, err := Packet{Channel: channel, Tag: tag, Flags: flags, Payload: r.Payload}.AppendBinary(nil)
	if err != nil {
		panic(err) // every integer is in range, as said above
	}
	return octets
}

// maxFailText bounds the text of a failure response, in octets.
const maxFailText = 256

// failure is the reply of a failure response. Its text is for people. (HND-6)
func failure(text string) Reply {
	return Reply{Payload: []byte(strings.ToValidUTF8(text[:min(len(text), maxFailText)], ""))}
}
