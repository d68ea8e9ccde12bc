package adapter

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
