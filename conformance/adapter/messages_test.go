package adapter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

func TestIntegerIsReadFromAString(t *testing.T) {
	huge := "1" + strings.Repeat("0", 100)
	for text, want := range map[string]adapter.Integer{
		`"0"`:                    "0",
		`"300"`:                  "300",
		`"-5"`:                   "-5",
		`"007"`:                  "7",
		`"-0"`:                   "0",
		`"0000"`:                 "0",
		`"18446744073709551616"`: "18446744073709551616",
		`"` + huge + `"`:         adapter.Integer(huge),
		`"000` + huge + `"`:      adapter.Integer(huge),
	} {
		var got adapter.Integer
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: got the error %v, expected %s", text, err, want)
			continue
		}
		check(t, text, got, want)
	}
}

func TestIntegerIsNothingElse(t *testing.T) {
	for _, text := range []string{
		`300`, `-1`, `3e2`, `1.5`, `true`, `[]`, `{"value":"300"}`,
		`""`, `"0x10"`, `"1_000"`, `" 5"`, `"5 "`, `"5.0"`, `"1e3"`, `"five"`, `"٣"`, `"--5"`,
	} {
		var got adapter.Integer
		err := json.Unmarshal([]byte(text), &got)
		if err == nil {
			t.Errorf("%s: got %s, expected an error", text, got)
			continue
		}
		checkText(t, text, refusal(t, `{"packet":{"tag":`+text+`}}`), `its field "packet.tag" is `+text+`;`, `a string of decimal digits, like "300"`)
	}
}

// refusal returns the message with which a server replies to a line that is not a command.
func refusal(t *testing.T, line string) string {
	t.Helper()
	var out strings.Builder
	if err := adapter.Serve(t.Context(), nil, strings.NewReader(line), &out); err != nil {
		t.Fatal(err)
	}
	var r adapter.Reply
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil || r.Error == nil {
		t.Fatalf("got %q, %v, expected an error", out.String(), err)
	}
	return r.Error.Message
}

func TestIntegerOf64Bits(t *testing.T) {
	for i, want := range map[adapter.Integer]uint64{
		"": 0, "0": 0, "300": 300, "18446744073709551615": math.MaxUint64,
	} {
		got, err := i.Uint64()
		if err != nil {
			t.Errorf("%q: got the error %v, expected %d", i, err, want)
		}
		check(t, "the value of "+string(i), got, want)
		if i != "" {
			check(t, "Int", adapter.Int(want), i)
		}
	}
	for _, i := range []adapter.Integer{"-1", "18446744073709551616", "nonsense"} {
		_, err := i.Uint64()
		checkKind(t, string(i), err, adapter.Invalid)
		checkText(t, string(i), err.Error(), "integer "+string(i), "64 bits")
	}
}

func TestHexIsReadFromAString(t *testing.T) {
	for text, want := range map[string]string{
		`""`: "", `"00"`: "\x00", `"68656c6c6f"`: "hello", `"ffFE"`: "\xff\xfe",
	} {
		var got adapter.Hex
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: got the error %v, expected octets", text, err)
		}
		check(t, text, string(got), want)
	}
}

func TestHexIsNothingElse(t *testing.T) {
	for _, text := range []string{`68`, `true`, `["68"]`, `"6"`, `"0x68"`, `"6 8"`, `"zz"`} {
		var got adapter.Hex
		err := json.Unmarshal([]byte(text), &got)
		if err == nil {
			t.Errorf("%s: got %x, expected an error", text, []byte(got))
			continue
		}
		checkText(t, text, refusal(t, `{"bytes":`+text+`}`), `its field "bytes" is `+text+`;`, "a string of hex digits")
	}
}

func TestHexIsWrittenInLowerCase(t *testing.T) {
	for _, c := range []struct {
		octets adapter.Hex
		want   string
	}{
		{nil, `""`}, {adapter.Hex{}, `""`}, {adapter.Hex("\xab\xcd\x00"), `"abcd00"`},
	} {
		got, err := json.Marshal(c.octets)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "written", string(got), c.want)
	}
}

// TestAbsentIsNotZero shows that JSON leaves out absent fields and keeps zero values.
func TestAbsentIsNotZero(t *testing.T) {
	got, err := json.Marshal(adapter.Message{ID: 1, Op: adapter.OpHello})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "a command without fields", string(got), `{"id":1,"op":"hello"}`)

	zeros := adapter.Message{
		ID: 1, Op: adapter.OpOpen, Handler: ptr(false), Grace: ptr(0.0), Block: ptr(false),
		RqType: "0", Flags: "0", Channel: "0", Bytes: &adapter.Hex{},
	}
	if got, err = json.Marshal(zeros); err != nil {
		t.Fatal(err)
	}
	check(t, "a command with zeros", string(got),
		`{"id":1,"op":"open","bytes":"","handler":false,"grace":0,"rq_type":"0","flags":"0","channel":"0","block":false}`)
}

// TestNullIsAbsent allows null for an absent field, because some languages write it so.
func TestNullIsAbsent(t *testing.T) {
	var p adapter.Packet
	if err := json.Unmarshal([]byte(`{"is_request":false,"tag":"1","rq_type":null,"payload":null}`), &p); err != nil {
		t.Fatalf("got the error %v, expected none", err)
	}
	check(t, "rq_type", p.RqType, "")
	check(t, "payload", string(p.Payload), "")
}

func TestKindOf(t *testing.T) {
	closed := adapter.Errorf(adapter.Closed, "after %d requests", 3)
	for name, c := range map[string]struct {
		err  error
		want adapter.Kind
	}{
		"none":     {nil, ""},
		"its own":  {closed, adapter.Closed},
		"wrapped":  {fmt.Errorf("request: %w", closed), adapter.Closed},
		"joined":   {errors.Join(errors.New("other"), closed), adapter.Closed},
		"an other": {errors.New("other"), adapter.Internal},
	} {
		t.Run(name, func(t *testing.T) { check(t, "kind", adapter.KindOf(c.err), c.want) })
	}
	check(t, "text", closed.Error(), "closed: after 3 requests")
}
