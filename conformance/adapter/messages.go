package adapter

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
)

// The names of the commands.
const (
	OpHello    = "hello"
	OpEncode   = "encode"
	OpDecode   = "decode"
	OpEqual    = "equal"
	OpString   = "string"
	OpOpen     = "open"
	OpRequest  = "request"
	OpWait     = "wait"
	OpDo       = "do"
	OpRelease  = "release"
	OpSeen     = "seen"
	OpTicks    = "ticks"
	OpShutdown = "shutdown"
	OpJoin     = "join"
	OpClose    = "close"
)

// An Ability is something that not every implementation can do; hello lists what
// this one can.
type Ability string

// The abilities of the adapter protocol.
const (
	CanEqual        Ability = "equal"
	CanString       Ability = "string"
	CanGrace        Ability = "grace"
	CanTick         Ability = "tick"
	CanDecode       Ability = "decode-response"
	CanInvalidReply Ability = "invalid-reply"
	CanNegative     Ability = "negative"
	CanBigIntegers  Ability = "big-integers"
	CanChannels     Ability = "channels"
	CanEndReason    Ability = "end-reason"
	CanDecodeFlags  Ability = "decode-flags" // ours, not the contract's
)

// Abilities are all there are, in the order of the guide.
var Abilities = []Ability{
	CanEqual, CanString, CanGrace, CanTick, CanDecode, CanInvalidReply,
	CanNegative, CanBigIntegers, CanChannels, CanEndReason, CanDecodeFlags,
}

// A Packet is a packet in JSON. RqType is the wire's; it is absent on responses,
// though equal may give a response one.
type Packet struct {
	IsRequest bool    `json:"is_request"`
	Channel   Integer `json:"channel"`
	Tag       Integer `json:"tag"`
	Flags     Integer `json:"flags"`
	RqType    Integer `json:"rq_type,omitempty"`
	Payload   Hex     `json:"payload"`
}

// A Message is one command: its Op says which of the other fields count.
type Message struct {
	ID int64  `json:"id"`
	Op string `json:"op"`

	Version int `json:"version,omitempty"` // hello

	Packet *Packet `json:"packet,omitempty"` // encode, string
	Bytes  *Hex    `json:"bytes,omitempty"`  // decode
	A      *Packet `json:"a,omitempty"`      // equal
	B      *Packet `json:"b,omitempty"`      // equal

	Conn string `json:"conn,omitempty"` // every command on a connection
	Call string `json:"call,omitempty"` // request, wait
	Gate string `json:"gate,omitempty"` // release

	Recv    string   `json:"recv,omitempty"`    // open: path of the pipe to read
	Send    string   `json:"send,omitempty"`    // open: path of the pipe to write
	Handler *bool    `json:"handler,omitempty"` // open: the standard handler, or none
	Grace   *float64 `json:"grace,omitempty"`   // open: packet_grace in seconds
	Tick    string   `json:"tick,omitempty"`    // open: none, record or stderr
	Name    string   `json:"name,omitempty"`    // open

	RqType  Integer `json:"rq_type,omitempty"` // request, do: the caller's, before the +1
	Flags   Integer `json:"flags,omitempty"`   // request, do
	Payload Hex     `json:"payload,omitempty"` // request, do; absent: empty
	Channel Integer `json:"channel,omitempty"` // request, do
	Decode  string  `json:"decode,omitempty"`  // request, do: reverse, raise or flags

	Block *bool `json:"block,omitempty"` // shutdown
}

// How a response decoder is asked for.
const (
	DecodeReverse = "reverse" // the decoded value is the payload reversed
	DecodeRaise   = "raise"   // the decoder fails
	DecodeFlags   = "flags"   // the decoded value is the flags, as text
)

// How ticks are asked for.
const (
	TickNone   = "none"
	TickRecord = "record"
	TickStderr = "stderr"
)

// How the peer's stream ended, as join tells it with the ability end-reason.
const (
	EndedEOF       = "eof"
	EndedCut       = "cut"
	EndedMalformed = "malformed"
)

// A Reply answers the command with its ID: by Error, or by the fields that the
// command's page names.
type Reply struct {
	ID    int64  `json:"id"`
	Error *Error `json:"error,omitempty"`

	Version  int       `json:"version,omitempty"` // hello
	Name     string    `json:"name,omitempty"`
	Release  string    `json:"release,omitempty"`
	Language string    `json:"language,omitempty"`
	Supports []Ability `json:"supports,omitempty"`

	Bytes    *Hex    `json:"bytes,omitempty"`    // encode
	Packet   *Packet `json:"packet,omitempty"`   // decode
	Consumed *int    `json:"consumed,omitempty"` // decode: octets used
	Equal    *bool   `json:"equal,omitempty"`    // equal
	String   *string `json:"string,omitempty"`   // string

	OK      *bool   `json:"ok,omitempty"` // wait, do
	Flags   Integer `json:"flags,omitempty"`
	Payload *Hex    `json:"payload,omitempty"`

	Calls *[]Seen `json:"calls,omitempty"` // seen
	Ticks *[]Hex  `json:"ticks,omitempty"` // ticks
	Ended string  `json:"ended,omitempty"` // join
}

// Seen is a request as the handler got it.
type Seen struct {
	RqType  Integer `json:"rq_type"` // the caller's
	Flags   Integer `json:"flags"`
	Payload Hex     `json:"payload"`
}

// Hello is what an adapter says of itself.
type Hello struct {
	Name     string // of the implementation
	Release  string
	Language string
	Supports []Ability
}

// An Integer is a protocol integer (tag, flags, channel, rq_type): in JSON a string
// of decimal digits, because JSON numbers lose precision and the protocol's have
// no upper bound. It is held in its canonical form, without leading zeros; the empty
// Integer is an absent one.
type Integer string

// Int makes an Integer of v.
func Int(v uint64) Integer { return Integer(strconv.FormatUint(v, 10)) }

// Uint64 is the value of i; absent is 0. The error says that it does not fit.
func (i Integer) Uint64() (uint64, error) {
	if i == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(string(i), 10, 64)
	if err != nil {
		return 0, Errorf(Invalid, "integer %s does not fit into 64 bits without a sign", i)
	}
	return v, nil
}

// UnmarshalJSON takes a string of decimal digits, with a sign or without, and null as
// an absent integer.
func (i *Integer) UnmarshalJSON(b []byte) error {
	if isNull(b) {
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("got %s: a protocol integer is a string of decimal digits, like \"300\"", b)
	}
	v, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return fmt.Errorf("got %q: a protocol integer is a string of decimal digits, like \"300\"", s)
	}
	*i = Integer(v.String())
	return nil
}

// isNull reports whether b is JSON's null, which by Go's custom changes nothing: some
// languages write absent fields so.
func isNull(b []byte) bool { return string(b) == "null" }

// Hex is octets: in JSON a string of lowercase hex digits.
type Hex []byte

// MarshalJSON writes lowercase hex digits.
func (h Hex) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

// UnmarshalJSON takes hex digits, two an octet, and null as absent octets.
func (h *Hex) UnmarshalJSON(b []byte) error {
	if isNull(b) {
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("got %s: octets are a string of hex digits, like \"68656c6c6f\"", b)
	}
	octets, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("got %q: octets are a string of hex digits, two an octet: %w", s, err)
	}
	*h = octets
	return nil
}

// A Kind says what sort of error a reply carries.
type Kind string

// The kinds of the adapter protocol.
const (
	Unsupported Kind = "unsupported" // the adapter cannot do this: the scenario is skipped
	Invalid     Kind = "invalid"     // the implementation refuses a value
	Closed      Kind = "closed"      // the connection is shut down
	Cancelled   Kind = "cancelled"   // the peer's stream ended first
	BadDecode   Kind = "decode"      // the response decoder failed
	Incomplete  Kind = "incomplete"  // the octets are the beginning of a packet
	Malformed   Kind = "malformed"   // the octets are refused for any other reason
	Internal    Kind = "internal"    // anything else
)

// kinds are all of them: another counts as Internal.
var kinds = []Kind{Unsupported, Invalid, Closed, Cancelled, BadDecode, Incomplete, Malformed, Internal}

// An Error is what an adapter replies in place of a result.
type Error struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Kind, e.Message) }

// Errorf makes an [*Error].
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// KindOf is the kind of the [*Error] in err's tree, Internal for another error, and
// empty for none.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	}
	return Internal
}
