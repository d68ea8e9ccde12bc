package packettext

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/nearest"
	"github.com/packetspec/packetspec/internal/words"
	"github.com/packetspec/packetspec/reference"
)

const (
	// maxPayload bounds a payload, in octets: several times what any scenario sends.
	maxPayload = 128 << 20

	// MaxPacket bounds the body of a packet, in octets: the largest payload, with its integers.
	MaxPacket = maxPayload + 64

	// maxToken bounds every other string, number and word, in bytes. Nothing that is right is as long.
	maxToken = 1 << 10
)

// The fields of a packet.
const (
	isRequest = "is_request"
	channel   = "channel"
	tag       = "tag"
	flags     = "flags"
	rqType    = "rq_type"
	payload   = "payload"
)

// fields lists the fields in the order of the adapter guide.
var fields = []string{isRequest, channel, tag, flags, rqType, payload}

// UTF16 is the hint for text in UTF-16, which other systems write.
const UTF16 = "iconv -f UTF-16 -t UTF-8 converts text in UTF-16"

// example is a packet for hints.
var example = reference.Packet{Tag: 1, Flags: 1, Payload: []byte("hi")}

// A JSONReader reads packets, one JSON object per line. It skips blank lines, and holds no more of
// a line than the octets of its payload. One goroutine at a time may use it.
type JSONReader struct {
	r      *bufio.Reader
	line   int // from 1
	column int // of the character that take returned last, in bytes from 1; 0 before the first
	ended  bool
	err    error // of r, except io.EOF
}

// NewJSONReader returns a reader of the lines that r delivers.
func NewJSONReader(r io.Reader) *JSONReader {
	return &JSONReader{r: bufio.NewReaderSize(r, chunk), line: 1}
}

// A PacketError reports a line that is not a packet.
type PacketError struct {
	Line   int    // from 1
	Reason string // for people, with a hint
}

// Error returns the line and the reason.
func (e *PacketError) Error() string {
	return fmt.Sprintf("standard input, line %d: not a packet: %s", e.Line, e.Reason)
}

// Next reads and returns the packet of one line. The error is [io.EOF] after the last line, a
// [*PacketError], or the error of the underlying reader. After an error Next must not be called again.
func (j *JSONReader) Next() (reference.Packet, error) {
	if c, _ := j.peek(); c == byteOrderMark[0] && j.line == 1 && j.column == 0 {
		if mark, _ := j.r.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
			_, _ = j.r.Discard(len(mark))
		}
	}
	for {
		c, ok := j.skipSpace()
		switch {
		case !ok:
			return reference.Packet{}, j.end()
		case c == '\n':
			j.take()
			j.line++
			j.column = 0
			continue
		}
		p, err := j.packet()
		if j.err != nil {
			return reference.Packet{}, j.err
		}
		if err != nil {
			return reference.Packet{}, &PacketError{j.line, err.Error()}
		}
		return p, nil
	}
}

// end returns the error of the underlying reader.
func (j *JSONReader) end() error {
	if j.err != nil {
		return j.err
	}
	return io.EOF
}

// peek returns the next character. It fails at the end of the input.
func (j *JSONReader) peek() (c byte, ok bool) {
	if j.ended {
		return 0, false // a terminal could deliver more after its end
	}
	next, err := j.r.Peek(1)
	if err == nil {
		return next[0], true
	}
	j.ended = true
	if !errors.Is(err, io.EOF) {
		j.err = err
	}
	return 0, false
}

// take consumes the character that peek returned.
func (j *JSONReader) take() {
	_, _ = j.r.Discard(1)
	j.column++
}

// skipSpace consumes white space within the line, and returns the next character.
func (j *JSONReader) skipSpace() (c byte, ok bool) {
	for {
		c, ok = j.peek()
		if !ok || c != ' ' && c != '\t' && c != '\r' {
			return c, ok
		}
		j.take()
	}
}

// found describes the next character.
func (j *JSONReader) found() string {
	c, ok := j.peek()
	switch {
	case !ok:
		return "the input ends"
	case c == '\n':
		return "the line ends"
	}
	text, _ := j.r.Peek(min(4, j.r.Buffered()))
	return "it has " + character(text)
}

// expect consumes a character that must come next, after white space.
func (j *JSONReader) expect(want byte, where string) error {
	if c, ok := j.skipSpace(); ok && c == want {
		j.take()
		return nil
	}
	return j.syntax(fmt.Sprintf("%q %s", string(want), where))
}

// syntax returns an error at the next character, where something else should be.
func (j *JSONReader) syntax(want string) error {
	err := fmt.Errorf("at column %d %s: expected %s", j.column+1, j.found(), want)
	switch c, ok := j.peek(); {
	case !ok || c == '\n':
		return hint.Add(err, "a packet is one line: jq -c . puts each JSON object on a line of its own")
	case c == 0:
		return hint.Add(err, UTF16)
	}
	return hint.Add(err, "%s", AppendJSON(nil, example))
}

// packet reads the object of a line, up to the end of the line.
func (j *JSONReader) packet() (p reference.Packet, err error) {
	if c, _ := j.peek(); c != '{' {
		return p, j.notObject(c)
	}
	j.take()
	var given []string
	if c, _ := j.skipSpace(); c == '}' {
		j.take()
	} else if given, err = j.members(&p); err != nil {
		return p, err
	}
	if c, ok := j.skipSpace(); ok && c != '\n' {
		return p, hint.Add(fmt.Errorf("at column %d %s: expected the end of the line after the packet", j.column+1, j.found()), "write one packet per line: jq -c . puts each JSON object on a line of its own")
	}
	return p, complete(p, given)
}

// notObject returns the error of a line that begins with a character other than {.
func (j *JSONReader) notObject(c byte) error {
	switch {
	case c == '[':
		return hint.Add(errors.New("it is a list: a packet is an object, one per line"), "jq -c '.[]' writes each element of a list as a line of its own")
	case c == 0 || c >= 0xfe: // a byte order mark, or the first half of a character
		return hint.Add(fmt.Errorf("%s: a packet is an object in JSON, in UTF-8", j.found()), UTF16)
	}
	v, err := j.value()
	if err != nil {
		return err
	}
	if _, isHex := Clean(v.text); isHex && v.kind != null {
		return hint.Add(fmt.Errorf("it is %s: a packet is an object in JSON", v), "packetspec decode reads hex")
	}
	return hint.Add(fmt.Errorf("it is %s: a packet is an object", v), "%s", AppendJSON(nil, example))
}

// members reads the fields of an object and its closing brace, and returns the names of those
// that are given.
func (j *JSONReader) members(p *reference.Packet) (given []string, err error) {
	for {
		if c, ok := j.skipSpace(); !ok || c != '"' {
			return nil, j.syntax("a field's name in double quotes")
		}
		name, err := j.text()
		if err != nil {
			return nil, err
		}
		if !slices.Contains(fields, name) {
			return nil, unknownField(name)
		}
		if err := j.expect(':', "after the field's name"); err != nil {
			return nil, err
		}
		j.skipSpace()
		present, err := j.field(p, name)
		switch {
		case err != nil:
			return nil, err
		case slices.Contains(given, name):
			return nil, hint.Add(fmt.Errorf("%s is given twice: a field must be given once", name), "leave out one of the two")
		case present:
			given = append(given, name)
		}
		if c, _ := j.skipSpace(); c == ',' {
			j.take()
			continue
		}
		return given, j.expect('}', "or \",\" after the field's value")
	}
}

// unknownField returns the error of a field that a packet does not have.
func unknownField(name string) error {
	simple := func(s string) string {
		return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
	}
	like := map[string]string{
		"type": rqType, "requesttype": rqType, "request": isRequest, "isresponse": isRequest, "response": isRequest,
		"data": payload, "body": payload, "bytes": payload, "flag": flags, "id": tag, "chan": channel, "ch": channel,
	}[simple(name)]
	if i := slices.IndexFunc(fields, func(f string) bool { return simple(f) == simple(name) }); i >= 0 {
		like = fields[i]
	}
	if like == "" {
		like = nearest.Names(cut(name), fields, 1)[0]
	}
	return hint.Add(fmt.Errorf("it has the unknown field %q: a packet has %s", cut(name), words.Join(fields, "and")), "%q", like)
}

// field reads a field's value into p. It reports whether the value is present: null is as if the
// field were absent.
func (j *JSONReader) field(p *reference.Packet, name string) (present bool, err error) {
	if c, _ := j.peek(); c == '"' && name == payload {
		p.Payload, err = j.octets()
		return true, err
	}
	v, err := j.value()
	switch {
	case err != nil:
		return false, err
	case v.kind == null:
		return false, nil
	}
	switch name {
	case isRequest:
		p.IsRequest = v.text == "true"
		if v.kind != boolean {
			like := slices.Contains([]string{"true", "1", "yes"}, strings.ToLower(v.text))
			return true, hint.Add(fmt.Errorf("%s is %s: it must be true or false, without quotes", name, v), "%q:%t", name, like)
		}
	case payload:
		return true, hint.Add(fmt.Errorf("%s is %s: octets are a string of hex digits, like \"68656c6c6f\"", name, v), "%q:%q", name, "68656c6c6f")
	default:
		to := map[string]*uint64{channel: &p.Channel, tag: &p.Tag, flags: &p.Flags, rqType: &p.Type}[name]
		*to, err = v.integer(name)
	}
	return true, err
}

// complete returns an error if a packet lacks a field, or has one that it must not have.
func complete(p reference.Packet, given []string) error {
	var lacks []string
	for _, name := range fields {
		if !slices.Contains(given, name) && (name != rqType || p.IsRequest) {
			lacks = append(lacks, name)
		}
	}
	whole := p
	if len(whole.Payload) > shown {
		whole.Payload = whole.Payload[:shown]
	}
	switch {
	case len(given) == 0:
		return hint.Add(errors.New("it has no fields: a packet has "+words.Join(fields, "and")), "%s", AppendJSON(nil, example))
	case len(lacks) > 0:
		verb := "is"
		if len(lacks) > 1 {
			verb = "are"
		}
		return hint.Add(fmt.Errorf("%s %s missing", words.Join(lacks, "and"), verb), "%s", AppendJSON(nil, whole))
	case !p.IsRequest && slices.Contains(given, rqType):
		return hint.Add(fmt.Errorf("rq_type is \"%d\", but is_request is false: only a request has a type", p.Type), "%s", AppendJSON(nil, whole))
	}
	return nil
}
