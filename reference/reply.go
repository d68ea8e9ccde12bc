package reference

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Request is what a requester sends and what a [Handler] receives.
type Request struct {
	Channel uint64 // in a handler always 0: requests on other channels are refused
	Type    uint64 // the wire carries one more (RQS-1, RQS-2)
	Flags   uint64
	Payload []byte  // must not change before the response has come; in a handler it is its own
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

// A Handler answers the peer's requests. Several goroutines call it at once; the calls begin
// in the order in which the requests came. See [WithHandlers]. The request's payload is the
// handler's own. The connection reads the reply's payload afterwards: it must not change.
//
// A non-nil error or a panic becomes a failure response, with at most 256 bytes of the
// error's text, and without flags; a [*Failure] decides them. (HND-6)
//
// The context leads to the connection, by [Connection]. It ends when no response can be
// sent any more: after [PacketConnection.Close], when a write fails or the peer's stream
// breaks, and [WithLinger] after it stopped without EOF.
//
// A handler holds one slot of [WithHandlers] from its start to its return, except while it
// waits with its context in [PacketConnection.Do], [PacketConnection.Request] or
// [Call.Wait], of any connection. One that waits with another context keeps its slot, and
// can deadlock with the peer. A handler must not call Shutdown(true), which waits for the
// handler itself.
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

// response returns the response to the request with a tag. The error says why it cannot be
// sent.
func (c *PacketConnection) response(tag uint64, r Reply, ok bool) (Packet, error) {
	if r.Flags > maxReplyFlags {
		return Packet{}, fmt.Errorf("%w: reply flags %d are above 2^60-1", ErrRange, r.Flags)
	}
	p := Packet{Tag: tag, Flags: r.Flags << replyShift, Payload: r.Payload}
	if ok {
		p.Flags |= okBit
	}
	return p, c.check(&p)
}

// A Failure is an error of a [Handler] that decides the whole failure response: its flags
// and its payload. A handler of the original cannot do that.
type Failure struct{ Reply }

// Error returns the payload as text.
func (f *Failure) Error() string { return string(f.Payload) }

// maxFailText bounds the text of a failure response, in bytes: enough for people to
// read, too little for an error that quotes a whole payload.
const maxFailText = 256

// failure returns the reply of a failure response: what err says in at most maxFailText
// bytes, for people; or what a [*Failure] in err holds. (HND-6)
func failure(err error) Reply {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f.Reply
	}
	text := err.Error()
	return Reply{Payload: []byte(strings.ToValidUTF8(text[:min(len(text), maxFailText)], ""))}
}
