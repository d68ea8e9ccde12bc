package adapter

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strconv"

	"github.com/packetspec/packetspec/internal/visible"
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

// An Ability is an optional feature. The reply to hello lists those that an implementation has.
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
	CanDecodeFlags  Ability = "decode-flags"
)

// CanSockets is the ability to open connections over Unix-domain sockets. The runner then uses no pipes. No
// scenario needs it, so it is not one of [Abilities].
const CanSockets Ability = "sockets"

// Abilities lists every ability that scenarios may need, in the order of the guide.
var Abilities = []Ability{
	CanEqual, CanString, CanGrace, CanTick, CanDecode, CanInvalidReply,
	CanNegative, CanBigIntegers, CanChannels, CanEndReason, CanDecodeFlags,
}

// A Packet is a packet in JSON. Its RqType is the value on the wire. A response has none,
// except that a command equal may contain a response with one.
type Packet struct {
	IsRequest bool    `json:"is_request"`
	Channel   Integer `json:"channel"`
	Tag       Integer `json:"tag"`
	Flags     Integer `json:"flags"`
	RqType    Integer `json:"rq_type,omitempty"`
	Payload   Hex     `json:"payload"`
}

// A Message is one command. Its Op decides which of the other fields it uses.
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
	Socket  string   `json:"socket,omitempty"`  // open: path of the socket to connect to, in place of the pipes
	Handler *bool    `json:"handler,omitempty"` // open: true for the standard handler, false for none
	Grace   *float64 `json:"grace,omitempty"`   // open: packet_grace in seconds
	Tick    string   `json:"tick,omitempty"`    // open: none, record or stderr
	Name    string   `json:"name,omitempty"`    // open

	RqType  Integer `json:"rq_type,omitempty"` // request, do: one less than on the wire
	Flags   Integer `json:"flags,omitempty"`   // request, do
	Payload Hex     `json:"payload,omitempty"` // request, do; absent if empty
	Channel Integer `json:"channel,omitempty"` // request, do
	Decode  string  `json:"decode,omitempty"`  // request, do: reverse, raise or flags

	Block *bool `json:"block,omitempty"` // shutdown
}

// The response decoders that a request may name.
const (
	DecodeReverse = "reverse" // returns the payload reversed
	DecodeRaise   = "raise"   // fails
	DecodeFlags   = "flags"   // returns the flags in decimal; needs CanDecodeFlags
)

// The values of open's field tick.
const (
	TickNone   = "none"
	TickRecord = "record"
	TickStderr = "stderr"
)

// The values of join's field ended, which needs CanEndReason: how the peer's stream ended.
const (
	EndedEOF       = "eof"       // by the EOF packet
	EndedCut       = "cut"       // without EOF, or inside a packet
	EndedMalformed = "malformed" // by octets that the implementation refused
)

// A Reply answers the command with the same ID: with Error, or with the fields that the
// guide names for the command.
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
	Consumed *int    `json:"consumed,omitempty"` // decode: how many octets the packet took
	Equal    *bool   `json:"equal,omitempty"`    // equal
	String   *string `json:"string,omitempty"`   // string

	OK      *bool   `json:"ok,omitempty"` // wait, do
	Flags   Integer `json:"flags,omitempty"`
	Payload *Hex    `json:"payload,omitempty"`

	Calls *[]Seen `json:"calls,omitempty"` // seen
	Ticks *[]Hex  `json:"ticks,omitempty"` // ticks
	Ended string  `json:"ended,omitempty"` // join
}

// Err returns the reply's error, or nil.
func (r Reply) Err() error {
	if r.Error == nil {
		return nil
	}
	return r.Error
}

// A Seen is a request as the handler received it.
type Seen struct {
	RqType  Integer `json:"rq_type"` // one less than on the wire
	Flags   Integer `json:"flags"`
	Payload Hex     `json:"payload"`
}

// A Hello describes the implementation behind an adapter.
type Hello struct {
	Name     string
	Release  string
	Language string
	Supports []Ability
}

// An Integer is a protocol integer: a tag, flags, a channel or a request type. In JSON it
// is a string of decimal digits, because JSON numbers lose precision and protocol integers
// have no upper bound. It has no leading zeros. The zero value "" means absent.
type Integer string

// Int returns v as an Integer.
func Int(v uint64) Integer { return Integer(strconv.FormatUint(v, 10)) }

// Uint64 returns the value of i, or 0 if i is absent. It fails if i is negative or needs
// more than 64 bits.
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

// UnmarshalJSON accepts a string of decimal digits with an optional sign. It leaves i
// unchanged for null, as Go does by custom: some languages write absent fields so.
func (i *Integer) UnmarshalJSON(b []byte) error {
	if isNull(b) {
		return nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	v, ok := new(big.Int).SetString(s, 10)
	if err != nil || !ok {
		return wrongValue[Integer](b)
	}
	*i = Integer(v.String())
	return nil
}

func isNull(b []byte) bool { return string(b) == "null" }

// A Hex holds octets. In JSON it is a string of lowercase hex digits.
type Hex []byte

// MarshalJSON returns a JSON string of lowercase hex digits.
func (h Hex) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

// UnmarshalJSON accepts a string of hex digits, two per octet. It leaves h unchanged for null.
func (h *Hex) UnmarshalJSON(b []byte) error {
	if isNull(b) {
		return nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	octets, wrong := hex.DecodeString(s)
	if err != nil || wrong != nil {
		return wrongValue[Hex](b)
	}
	*h = octets
	return nil
}

// wrongValue returns the error of a value that is no T. Package json adds the field's name to this
// type of error alone, and [whyNot] the words.
func wrongValue[T any](b []byte) error {
	const most = 100
	return &json.UnmarshalTypeError{Value: visible.Cut(string(b), most), Type: reflect.TypeFor[T]()}
}

// A Kind is the kind of an error in a reply.
type Kind string

// The error kinds of the adapter protocol.
const (
	Unsupported Kind = "unsupported" // the adapter cannot do this, so the runner skips the scenario
	Invalid     Kind = "invalid"     // the implementation refuses a value
	Closed      Kind = "closed"      // the connection is shut down
	Cancelled   Kind = "cancelled"   // the peer's stream ended first
	BadDecode   Kind = "decode"      // the response decoder failed
	Incomplete  Kind = "incomplete"  // the octets are the beginning of a packet
	Malformed   Kind = "malformed"   // the octets are refused for any other reason
	Internal    Kind = "internal"    // anything else
)

// kinds lists every kind. The client treats any other as Internal.
var kinds = []Kind{Unsupported, Invalid, Closed, Cancelled, BadDecode, Incomplete, Malformed, Internal}

// An Error is an adapter's reply that a command failed.
type Error struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Kind, e.Message) }

// Errorf returns an [*Error] with a formatted message.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// ErrorOf returns the [*Error] in err's tree, one of kind Internal for another error, and nil
// if err is nil.
func ErrorOf(err error) *Error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return e
	}
	return &Error{Internal, err.Error()}
}

// KindOf returns the kind of [ErrorOf](err), and "" if err is nil.
func KindOf(err error) Kind {
	if e := ErrorOf(err); e != nil {
		return e.Kind
	}
	return ""
}
