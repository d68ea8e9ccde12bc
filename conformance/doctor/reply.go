package doctor

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/nearest"
	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// A form is what the value of a field must be.
type form int

const (
	integer form = iota
	octets
	text
	boolean
	count
	packet
	calls
	ticks
	names
	ending
)

// A field is one of a reply, as the guide's table of commands has it.
type field struct {
	name     string
	form     form
	optional bool
}

// replyFields holds the fields of the reply to each command that has any.
var replyFields = map[string][]field{
	adapter.OpHello: {
		{"version", count, false}, {"name", text, false}, {"release", text, true}, {"language", text, true}, {"supports", names, true},
	},
	adapter.OpEncode: {{"bytes", octets, false}},
	adapter.OpDecode: {{"packet", packet, false}, {"consumed", count, false}},
	adapter.OpEqual:  {{"equal", boolean, false}},
	adapter.OpString: {{"string", text, false}},
	adapter.OpWait:   answerFields,
	adapter.OpDo:     answerFields,
	adapter.OpSeen:   {{"calls", calls, false}},
	adapter.OpTicks:  {{"ticks", ticks, false}},
	adapter.OpJoin:   {{"ended", ending, true}},
}

var (
	answerFields = []field{{"ok", boolean, false}, {"flags", integer, false}, {"payload", octets, false}}
	callFields   = []field{{"rq_type", integer, false}, {"flags", integer, false}, {"payload", octets, false}}
	packetFields = []field{
		{"is_request", boolean, false}, {"channel", integer, false}, {"tag", integer, false}, {"flags", integer, false},
		{"rq_type", integer, true}, {"payload", octets, false},
	}
)

// An examination is of one reply.
type examination struct{ found func(k Kind, more string) }

// examine reports what is wrong with the reply to a command. It returns the reply that was meant, without
// the values that nobody can understand.
func examine(op string, fields map[string]any, found func(Kind, string)) map[string]any {
	e := examination{found}
	if _, echoed := fields["op"]; echoed {
		found("echo", "the reply has the field \"op\"")
		return fields
	}
	if err, failed := fields["error"]; failed && err != nil {
		return map[string]any{"error": e.failure(err)}
	}
	reply := e.object("", fields, replyFields[op])
	if op == adapter.OpHello {
		e.version(reply)
	}
	return reply
}

// version reports a version of another protocol, and corrects it.
func (e examination) version(reply map[string]any) {
	if v, ok := reply["version"].(json.Number); ok && v.String() != fmt.Sprint(adapter.Version) {
		e.found("version", fmt.Sprintf("it has version %s", v))
		reply["version"] = adapter.Version
	}
}

// kindsOfErrors holds the kinds of errors of the guide.
var kindsOfErrors = []adapter.Kind{
	adapter.Unsupported, adapter.Invalid, adapter.Closed, adapter.Cancelled, adapter.BadDecode, adapter.Incomplete, adapter.Malformed, adapter.Internal,
}

// failure returns an error of a reply as it was meant.
func (e examination) failure(v any) map[string]any {
	fields, isObject := v.(map[string]any)
	kind, hasKind := fields["kind"].(string)
	message, hasMessage := fields["message"].(string)
	switch {
	case !isObject:
		e.found("error-form", "its error is "+describe(v))
		message = fmt.Sprint(v)
	case !hasKind:
		e.found("error-form", "its error lacks the text \"kind\"")
	case !hasMessage:
		e.found("error-form", "its error lacks the text \"message\"")
	}
	known := slices.Contains(kindsOfErrors, adapter.Kind(kind))
	if hasKind && !known {
		e.found("error-kind", fmt.Sprintf("it has the kind %q; did it mean %q?", visible.Cut(kind, maxShown), nearest.Names(kind, asTexts(kindsOfErrors), 1)[0]))
	}
	if !known {
		if kind = strings.ToLower(kind); !slices.Contains(kindsOfErrors, adapter.Kind(kind)) {
			kind = string(adapter.Internal)
		}
	}
	return map[string]any{"kind": kind, "message": message}
}

func asTexts[T ~string](all []T) (texts []string) {
	for _, t := range all {
		texts = append(texts, string(t))
	}
	return texts
}

// object returns the fields of an object as they were meant. The path of the object ends in a dot, or is
// empty.
func (e examination) object(path string, fields map[string]any, want []field) map[string]any {
	meant := map[string]any{}
	var others []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		i := slices.IndexFunc(want, func(f field) bool { return f.name == name })
		v := fields[name]
		switch {
		case i < 0 && name != "id":
			others = append(others, name)
		case i >= 0 && v == nil && want[i].optional:
			e.found("null-field", fmt.Sprintf("its field %q is null", path+name))
		case i >= 0 && v != nil:
			if mended, ok := e.value(path+name, v, want[i].form); ok {
				meant[name] = mended
			}
		}
	}
	var missing []string
	for _, f := range want {
		if fields[f.name] == nil && !f.optional {
			missing = append(missing, path+f.name)
		}
	}
	if missing != nil {
		more := "it lacks " + words.Join(quoted(missing), "and")
		if others != nil {
			more += fmt.Sprintf("; did it mean that by %q?", nearest.Names(missing[0], others, 1)[0])
		}
		e.found("missing-field", more)
	}
	return meant
}

func quoted(names []string) (all []string) {
	for _, name := range names {
		all = append(all, fmt.Sprintf("%q", name))
	}
	return all
}

// value returns a value as it was meant, and whether that can be understood.
func (e examination) value(name string, v any, f form) (mended any, ok bool) {
	wrong := func(k Kind, must string) {
		e.found(k, fmt.Sprintf("its field %q is %s; it must be %s", name, describe(v), must))
	}
	switch f {
	case integer:
		s, right := integerOf(v)
		if !right {
			wrong("integer-form", `a string of decimal digits, like "300"`)
		}
		return s, s != ""
	case octets:
		s, k := octetsOf(v)
		if k != "" {
			wrong(k, `a string of lowercase hex digits, two per octet, like "68656c6c6f"`)
		}
		return s, s != unreadable
	case ending:
		s, isText := v.(string)
		like := strings.ToLower(s)
		known := slices.Contains([]string{adapter.EndedEOF, adapter.EndedCut, adapter.EndedMalformed}, like)
		if !isText || !known || like != s {
			wrong("ended-value", "eof, cut or malformed, in lowercase")
		}
		return like, known
	case text:
		s, isText := v.(string)
		if !isText {
			wrong("wrong-type", "a string")
		}
		return s, isText
	case boolean:
		b, isBool := v.(bool)
		if !isBool {
			wrong("wrong-type", "true or false")
			s := strings.ToLower(fmt.Sprint(v))
			return s == "true" || s == "1", slices.Contains([]string{"true", "false", "1", "0"}, s)
		}
		return b, true
	case count:
		n, isNumber := v.(json.Number)
		if _, err := n.Int64(); !isNumber || err != nil {
			wrong("wrong-type", "a whole number")
			n = json.Number(strings.TrimSuffix(strings.TrimSpace(fmt.Sprint(v)), ".0"))
			_, err := n.Int64()
			return n, err == nil
		}
		return n, true
	case packet:
		fields, isObject := v.(map[string]any)
		if !isObject {
			wrong("wrong-type", "an object")
			return nil, false
		}
		return e.packet(name, fields), true
	}
	return e.list(name, v, f, wrong)
}

// packet returns a packet as it was meant.
func (e examination) packet(name string, fields map[string]any) map[string]any {
	meant := e.object(name+".", fields, packetFields)
	isRequest, _ := meant["is_request"].(bool)
	_, typed := meant["rq_type"]
	switch {
	case isRequest && !typed && fields["rq_type"] == nil:
		e.found("missing-field", fmt.Sprintf("it lacks %q, which every request has", name+".rq_type"))
	case !isRequest && typed:
		e.found("response-with-type", fmt.Sprintf("it has %q, though the packet is a response", name+".rq_type"))
	}
	return meant
}

// list returns a list as it was meant.
func (e examination) list(name string, v any, f form, wrong func(Kind, string)) (mended any, ok bool) {
	all, isList := v.([]any)
	if !isList {
		wrong("wrong-type", "a list")
		return nil, false
	}
	meant := []any{}
	for i, one := range all {
		at := fmt.Sprintf("%s[%d]", name, i)
		var ok bool
		switch f {
		case ticks:
			one, ok = e.value(at, one, octets)
		case names:
			one, ok = e.value(at, one, text)
		default:
			var fields map[string]any
			if fields, ok = one.(map[string]any); ok {
				one = e.object(at+".", fields, callFields)
			} else {
				e.found("wrong-type", fmt.Sprintf("its field %q is %s; it must be an object", at, describe(one)))
			}
		}
		if ok {
			meant = append(meant, one)
		}
	}
	return meant, true
}

// describe returns a value of JSON in words.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case json.Number:
		return "the number " + visible.Cut(v.String(), maxShown)
	case string:
		return fmt.Sprintf("the text %q", visible.Cut(v, maxShown))
	case bool:
		return fmt.Sprint(v)
	case []any:
		return "a list"
	}
	return "an object"
}

// integerOf returns a protocol integer as it was meant, or "" if nobody can say, and whether it has the
// right form.
func integerOf(v any) (meant string, right bool) {
	var s string
	switch v := v.(type) {
	case json.Number:
		s = v.String()
	case string:
		s = v
	default:
		return "", false
	}
	n, ok := new(big.Int).SetString(strings.TrimSpace(s), 10)
	if !ok {
		n, ok = new(big.Int).SetString(strings.TrimSpace(s), 0)
	}
	if !ok {
		return "", false
	}
	_, isText := v.(string)
	return n.String(), isText && n.String() == s
}

// unreadable stands for octets that nobody can read. It is no hex.
const unreadable = "?"

// octetsOf returns octets as they were meant, in hex, or [unreadable]. The kind of finding is empty if they
// have the right form.
func octetsOf(v any) (meant string, k Kind) {
	switch v := v.(type) {
	case string:
		lower := strings.ToLower(v)
		if _, err := hex.DecodeString(v); err == nil {
			if lower == v {
				return v, ""
			}
			return lower, "uppercase-hex"
		}
		bare := strings.NewReplacer("0x", "", `\x`, "", " ", "", ":", "", "\n", "").Replace(lower)
		if _, err := hex.DecodeString(bare); err == nil {
			return bare, "octets-form"
		}
	case []any:
		var b []byte
		for _, one := range v {
			n, ok := one.(json.Number)
			octet, err := n.Int64()
			if !ok || err != nil || octet < 0 || octet > 255 {
				return unreadable, "octets-form"
			}
			b = append(b, byte(octet))
		}
		return hex.EncodeToString(b), "octets-form"
	}
	return unreadable, "octets-form"
}
