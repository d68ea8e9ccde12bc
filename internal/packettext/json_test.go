package packettext_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/internal/packettext"
	"github.com/packetspec/packetspec/reference"
)

// packets are those that the tests write and read back.
var packets = []reference.Packet{
	{Tag: 1, Flags: 1, Payload: []byte("hi")},
	{IsRequest: true},
	{IsRequest: true, Channel: 5, Tag: 300, Flags: 7, Type: 2, Payload: []byte("hello")},
	{Channel: reference.MaxInteger, Tag: reference.MaxInteger, Flags: reference.MaxInteger},
	{IsRequest: true, Type: reference.MaxInteger, Payload: bytes.Repeat([]byte{0, 0xff, 'a'}, 100_000)},
}

// The adapter protocol has the same form, with another program's JSON.
func TestWriteJSON(t *testing.T) {
	for _, p := range packets {
		want, err := json.Marshal(goreference.FromPacket(p))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		w := bufio.NewWriterSize(&got, 100)
		if err := errors.Join(packettext.WriteJSON(w, p), w.Flush()); err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want)+"\n" || string(packettext.AppendJSON(nil, p)) != string(want) {
			t.Errorf("got %.200s, expected %.200s", &got, want)
		}
	}
}

func TestWriteJSONFails(t *testing.T) {
	for room := range 200 {
		w := bufio.NewWriterSize(&full{room}, 16)
		if err := packettext.WriteJSON(w, packets[4]); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("with room for %d bytes: got the error %v", room, err)
		}
	}
}

// A full writer fails after a number of bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.room)
	f.room -= n
	if n < len(b) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func TestJSONReaderReadsWhatIsWritten(t *testing.T) {
	var text []byte
	for _, p := range packets {
		text = append(packettext.AppendJSON(text, p), "\r\n\n \t\n"...)
	}
	for _, in := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text)), strings.NewReader("\ufeff" + strings.TrimSpace(string(text)))} {
		r := packettext.NewJSONReader(in)
		for i, want := range packets {
			got, err := r.Next()
			if err != nil || !got.Equal(want) {
				t.Errorf("packet %d: got %v and the error %v, expected %v", i, got, err, want)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, expected the end", err)
		}
	}
}

// whole is a packet that mistakes are made in.
const whole = `{"is_request":true,"channel":"0","tag":"1","flags":"1","rq_type":"2","payload":"6869"}`

// with returns whole with one field replaced.
func with(field, value string) string {
	var replaced []string
	for member := range strings.SplitSeq(strings.Trim(whole, "{}"), ",") {
		if strings.HasPrefix(member, `"`+field+`"`) {
			member = `"` + field + `":` + value
		}
		replaced = append(replaced, member)
	}
	return "{" + strings.Join(replaced, ",") + "}"
}

func TestJSONReaderExplains(t *testing.T) {
	const integer = `a protocol integer is a string of decimal digits, like "300"`
	const octets = `octets are a string of hex digits, two per octet`
	const oneLine = "a packet is one line: jq -c . puts each JSON object on a line of its own"
	const perLine = "write one packet per line: jq -c . puts each JSON object on a line of its own"
	example := string(packettext.AppendJSON(nil, packets[0]))
	for _, c := range []struct{ line, message, hint string }{
		{`{}`, "it has no fields: a packet has is_request, channel, tag, flags, rq_type and payload", example},
		{`null`, "it is null: a packet is an object", example},
		{`"x"`, `it is "x": a packet is an object`, example},
		{`42`, "it is 42: a packet is an object in JSON", "packetspec decode reads hex"},
		{`0a822c`, `it is "0a822c", which is no value in JSON: a packet is an object in JSON`, "packetspec decode reads hex"},
		{`true`, "it is true: a packet is an object", example},
		{`[` + whole + `]`, "it is a list: a packet is an object, one per line", "jq -c '.[]' writes each element of a list as a line of its own"},
		{"\xff\xfe{\x00", "it has the byte 0xff: a packet is an object in JSON, in UTF-8", packettext.UTF16},
		{"{\x00", `at column 2 it has "\x00": expected a field's name in double quotes`, packettext.UTF16},
		{whole + whole, `at column 87 it has "{": expected the end of the line after the packet`, perLine},
		{whole + " x", `at column 88 it has "x": expected the end of the line after the packet`, perLine},
		{whole[:85] + ",}", `at column 87 it has "}": expected a field's name in double quotes`, example},
		{whole[:85], `at column 86 the input ends: expected "}" or "," after the field's value`, oneLine},
		{"{\n}", `at column 2 the line ends: expected a field's name in double quotes`, oneLine},
		{`{"tag"`, `at column 7 the input ends: expected ":" after the field's name`, oneLine},
		{`{"tag":`, `at column 8 the input ends: expected a value`, oneLine},
		{`{"tag":"1`, `at column 10 the input ends: expected the end of a string, "\""`, oneLine},
		{`{"payload":"61`, `at column 15 the input ends: expected the end of a string, "\""`, oneLine},
		{`{tag:1}`, `at column 2 it has "t": expected a field's name in double quotes`, example},
		{`{"tag":"\q"}`, `at column 8: not a string in JSON: invalid character 'q' in string escape code`, example},
		{`{"chanel":"0"}`, `it has the unknown field "chanel": a packet has is_request, channel, tag, flags, rq_type and payload`, `"channel"`},
		{`{"isRequest":true}`, `it has the unknown field "isRequest": a packet has is_request, channel, tag, flags, rq_type and payload`, `"is_request"`},
		{`{"type":"2"}`, `it has the unknown field "type": a packet has is_request, channel, tag, flags, rq_type and payload`, `"rq_type"`},
		{`{"Data":"2"}`, `it has the unknown field "Data": a packet has is_request, channel, tag, flags, rq_type and payload`, `"payload"`},
		{`{"is_request":true,"tag":"7","payload":null}`, `channel, flags, rq_type and payload are missing`, `{"is_request":true,"channel":"0","tag":"7","flags":"0","rq_type":"0","payload":""}`},
		{with("payload", "null"), `payload is missing`, `{"is_request":true,"channel":"0","tag":"1","flags":"1","rq_type":"2","payload":""}`},
		{with("is_request", "false"), `rq_type is "2", but is_request is false: only a request has a type`, example},
		{`{"tag":"1","tag":"1"}`, "tag is given twice: a field must be given once", "leave out one of the two"},
		{with("is_request", "1"), "is_request is 1: it must be true or false, without quotes", `"is_request":true`},
		{with("is_request", `"false"`), `is_request is "false": it must be true or false, without quotes`, `"is_request":false`},
		{with("is_request", `True`), `is_request is "True", which is no value in JSON: it must be true or false, without quotes`, `"is_request":true`},
		{with("tag", "1"), "tag is 1: " + integer, `"tag":"1"`},
		{with("tag", "1.5"), "tag is 1.5: " + integer, `"tag":"1"`},
		{with("tag", `"1e3"`), `tag is "1e3": ` + integer, `"tag":"1000"`},
		{with("tag", `"0x12"`), `tag is "0x12": ` + integer, `"tag":"18"`},
		{with("tag", `"+5"`), `tag is "+5": ` + integer, `"tag":"5"`},
		{with("tag", `""`), `tag is "": ` + integer, `"tag":"300"`},
		{with("tag", `{"a":1}`), `tag is an object: ` + integer, `"tag":"300"`},
		{with("tag", strings.Repeat("[", 1_000_000)), `tag is a list: ` + integer, `"tag":"300"`},
		{with("flags", `"-1"`), `flags is "-1": it must not be negative`, `"flags":"1"`},
		{with("channel", `"2305843009213693952"`), `integer out of range: channel 2305843009213693952 is above 2^61-1`, `the largest is "2305843009213693951"`},
		{with("rq_type", `"`+strings.Repeat("9", 1_000_000)+`"`), `integer out of range: rq_type ` + strings.Repeat("9", 40) + `… is above 2^61-1`, `the largest is "2305843009213693951"`},
		{with("payload", "12"), `payload is 12: octets are a string of hex digits, like "68656c6c6f"`, `"payload":"68656c6c6f"`},
		{with("payload", "[1]"), `payload is a list: octets are a string of hex digits, like "68656c6c6f"`, `"payload":"68656c6c6f"`},
		{with("payload", `"686"`), `payload has 3 hex digits, an odd number: ` + octets, "one digit is missing, or one is too many"},
		{with("payload", `"68 69"`), `payload has " " as its character 3: ` + octets, `"payload":"6869"`},
		{with("payload", `"0x6869"`), `payload has "x" as its character 2: ` + octets, `"payload":"6869"`},
		{with("payload", `"hello"`), `payload has "h" as its character 1: ` + octets, `the text "hello" is "68656c6c6f" in hex`},
		{with("payload", `"`+strings.Repeat("6", 1000)+`x"`), `payload has "x" as its character 1001: ` + octets, `"payload":"68656c6c6f"`},
		{with("payload", `"\u0078"`), `payload has "\\" as its character 1: ` + octets, `the text "\\u0078" is "5c7530303738" in hex`},
	} {
		t.Run(fmt.Sprintf("%.60q", c.line), func(t *testing.T) {
			r := packettext.NewJSONReader(strings.NewReader(whole + "\n" + c.line))
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
			_, err := r.Next()
			want := "standard input, line 2: not a packet: " + c.message + "\nhint: " + c.hint
			if err == nil || err.Error() != want {
				t.Errorf("got\n%v\nexpected\n%s", err, want)
			}
		})
	}
}

func TestJSONReaderAccepts(t *testing.T) {
	for line, want := range map[string]string{
		with("payload", `"6A6b"`):              "6a6b",
		with("payload", `"\u0036a"`):           "6a",
		with("payload", `""`):                  "",
		with("tag", `"001"`):                   "6869",
		with("tag", `"\u0031"`):                "6869",
		strings.ReplaceAll(whole, `,`, " ,\t"): "6869",
		strings.NewReplacer("true", "false", `"2"`, "null").Replace(whole): "6869",
	} {
		p, err := packettext.NewJSONReader(strings.NewReader(line)).Next()
		if got := fmt.Sprintf("%x", p.Payload); err != nil || got != want || p.Tag != 1 {
			t.Errorf("%s: got %v and the error %v, expected the payload %s", line, p, err, want)
		}
	}
}

func TestJSONReaderKeepsTheErrorOfTheStream(t *testing.T) {
	cause := errors.New("no more")
	for cut := range len(whole) {
		r := packettext.NewJSONReader(io.MultiReader(strings.NewReader(whole[:cut]), iotest.ErrReader(cause)))
		if _, err := r.Next(); !errors.Is(err, cause) {
			t.Errorf("after %d bytes: got %v, expected %v", cut, err, cause)
		}
	}
}

// A large payload takes memory for its octets, not for the line.
func TestJSONReaderMemory(t *testing.T) {
	line := with("payload", `"`+strings.Repeat("61", 16<<20)+`"`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := packettext.NewJSONReader(strings.NewReader(line)).Next()
	runtime.ReadMemStats(&after)
	if err != nil || len(p.Payload) != 16<<20 {
		t.Fatalf("got %d octets and the error %v", len(p.Payload), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4*uint64(len(line)) {
		t.Errorf("a line of %d bytes took %d bytes", len(line), used)
	}
}

func TestJSONReaderBoundsThePayload(t *testing.T) {
	in := io.MultiReader(strings.NewReader(`{"payload":"`), endless('6'))
	_, err := packettext.NewJSONReader(in).Next()
	if err == nil || !strings.Contains(err.Error(), "payload is longer than 134217728 octets") {
		t.Errorf("got the error %v, expected one about the length", err)
	}
}

// endless is a stream of one character.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}
