package doctor

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A sown plant names the kind of finding that it must lead to. Others may come with it, of the kinds in also.
type sown struct {
	plant
	kind Kind
	also []Kind
}

// plants holds the planted faults of adapters.
var plants = map[string]sown{}

func init() {
	for _, some := range []map[string]sown{startPlants(), linePlants(), replyPlants(), commandPlants(), pipePlants(), waitingPlants(), handlerPlants(), endPlants()} {
		for name, p := range some {
			plants[name] = p
		}
	}
	plants[""] = sown{}
}

func startPlants() map[string]sown {
	return map[string]sown{
		"dies at once": {plant: plant{begin: func(*badAdapter) {
			fmt.Fprintln(os.Stderr, "no module named yourpackets")
			quit(3)
		}}, kind: "not-started"},
		"never answers hello":         {plant: acting(is("hello"), silence), kind: "no-hello"},
		"answers hello late":          {plant: acting(is("hello"), func(*badAdapter, adapter.Message) { <-time.After(time.Hour) }), kind: "no-hello"},
		"never flushes":               {plant: buffered(false), kind: "not-flushed"},
		"flushes after hello only":    {plant: buffered(true), kind: "not-flushed"},
		"prints its commands":         {plant: plant{take: func(b *badAdapter, _ adapter.Message, line []byte) bool { b.write(line); return true }}, kind: "echo"},
		"speaks version 2":            {plant: edited("hello", func(r map[string]any) { r["version"] = 2 }), kind: "version"},
		"version as text":             {plant: edited("hello", func(r map[string]any) { r["version"] = "1" }), kind: "wrong-type"},
		"knows hello once":            {plant: secondHello(), kind: "hello-again"},
		"uses a fixed file":           {plant: plant{begin: lockFile}, kind: "one-process"},
		"lists an unknown ability":    {plant: claiming(plant{}, "teleport"), kind: "unknown-ability"},
		"misspells an ability":        {plant: claiming(plant{}, "decode_response"), kind: "unknown-ability"},
		"abilities as text":           {plant: edited("hello", func(r map[string]any) { r["supports"] = "equal, string" }), kind: "wrong-type"},
		"claims string":               {plant: refusing("unsupported", is("string")), kind: "claimed-ability"},
		"claims equal":                {plant: refusing("unsupported", is("equal")), kind: "claimed-ability"},
		"claims tick":                 {plant: refusing("unsupported", func(m adapter.Message, _ []byte) bool { return m.Tick == "record" }), kind: "claimed-ability"},
		"claims ticks":                {plant: refusing("unsupported", is("ticks")), kind: "claimed-ability"},
		"claims decoders":             {plant: refusing("unsupported", func(m adapter.Message, _ []byte) bool { return m.Decode != "" }), kind: "claimed-ability"},
		"claims channels":             {plant: refusing("unsupported", func(m adapter.Message, _ []byte) bool { return m.Channel != "" }), kind: "claimed-ability"},
		"claims negative":             {plant: claiming(refusing("unsupported", func(m adapter.Message, _ []byte) bool { return m.RqType == "-1" }), "negative"), kind: "claimed-ability"},
		"sees other folders":          {plant: refusing("internal", is("open")), kind: "refuses-open"},
		"ends when it opens":          {plant: acting(is("open"), exit), kind: "ends"},
		"ignores SIGTERM and hangs":   {plant: stubborn(), kind: "no-answer"},
		"prints without end":          {plant: acting(is("encode"), floods("no reply\n")), kind: "flood", also: []Kind{"stray-line"}},
		"prints one line without end": {plant: acting(is("encode"), floods(strings.Repeat("x", 1<<16))), kind: "flood"},
	}
}

// buffered returns a plant that keeps its output until it ends, from the start or after hello.
func buffered(afterHello bool) plant {
	return plant{
		begin: func(b *badAdapter) { b.out = bufio.NewWriterSize(os.Stdout, 1<<20) },
		print: func(m adapter.Message, reply []byte) []byte {
			if afterHello && m.Op == adapter.OpHello && m.ID < 8 {
				_, _ = os.Stdout.Write(reply)
				return nil
			}
			return reply
		},
		end: func(b *badAdapter) int {
			_ = b.out.(*bufio.Writer).Flush()
			return 0
		},
	}
}

func secondHello() plant {
	greeted := false
	return refusing("internal", func(m adapter.Message, _ []byte) bool {
		again := greeted
		greeted = greeted || m.Op == adapter.OpHello
		return again && m.Op == adapter.OpHello
	})
}

func lockFile(*badAdapter) {
	f, err := os.OpenFile(os.Getenv("PLANTED_LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil || syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		fmt.Fprintln(os.Stderr, "the port is in use")
		quit(1)
	}
	keep(f)
}

var kept []any

// keep keeps a value for as long as the process lives.
func keep(v any) { kept = append(kept, v) }

func stubborn() plant {
	return acting(is("encode"), func(*badAdapter, adapter.Message) {
		signal.Ignore(syscall.SIGTERM)
		<-time.After(time.Hour)
	})
}

func floods(text string) func(*badAdapter, adapter.Message) {
	return func(b *badAdapter, _ adapter.Message) {
		for {
			b.write([]byte(text))
		}
	}
}

func linePlants() map[string]sown {
	return map[string]sown{
		"prints a banner":           {plant: plant{begin: func(b *badAdapter) { b.write([]byte("yourpackets 0.1 is ready\n")) }}, kind: "banner"},
		"logs to stdout":            {plant: onceBefore("encode", "DEBUG encode\n"), kind: "stray-line"},
		"prints a number":           {plant: onceBefore("encode", "42\n"), kind: "stray-line"},
		"a word before the reply":   {plant: onceBefore("encode", "debug: "), kind: "text-beside-reply"},
		"a word after the reply":    {plant: first(func(line string) string { return line + " done" }), kind: "text-beside-reply"},
		"a blank line after each":   {plant: every(func(line string) string { return line + "\n\n" }), kind: "blank-line"},
		"a byte order mark":         {plant: first(func(line string) string { return "\ufeff" + line }), kind: "byte-order-mark"},
		"line ends of Windows":      {plant: every(func(line string) string { return line + "\r\n" }), kind: "crlf"},
		"text in Latin-1":           {plant: every(func(line string) string { return strings.Replace(line, "packetspec", "p\xe9cketspec", 1) + "\n" }), kind: "encoding"},
		"no newlines":               {plant: every(func(line string) string { return line }), kind: "no-newline"},
		"newlines before the reply": {plant: every(func(line string) string { return "\n" + line }), kind: "blank-line", also: []Kind{"no-newline"}},
		"indented JSON":             {plant: every(indented), kind: "split-reply"},
		"two replies on a line":     {plant: first(func(line string) string { return line + line }), kind: "joined-replies", also: []Kind{"second-reply"}},
		"a dict of Python":          {plant: every(pythonDict), kind: "not-json", also: []Kind{"no-answer"}},
		"a comma too many":          {plant: first(func(line string) string { return strings.TrimSuffix(line, "}") + ",}" }), kind: "not-json"},
		"ticks to stdout":           {plant: ticksToStdout(), kind: "ticks-on-stdout"},
	}
}

func onceBefore(op, text string) plant {
	done := false
	return plant{print: func(m adapter.Message, reply []byte) []byte {
		if done || m.Op != op {
			return reply
		}
		done = true
		return append([]byte(text), reply...)
	}}
}

func indented(line string) string {
	var v any
	_ = json.Unmarshal([]byte(line), &v)
	b, _ := json.MarshalIndent(v, "", "  ")
	return string(b) + "\n"
}

func pythonDict(line string) string {
	return strings.NewReplacer(`"`, "'", "true", "True", "false", "False").Replace(line) + "\n"
}

func ticksToStdout() plant {
	return plant{take: func(b *badAdapter, m adapter.Message, _ []byte) bool {
		if m.Tick != adapter.TickStderr {
			return false
		}
		go func() {
			m.Tick = ""
			b.reply(m, b.server.Do(context.Background(), m))
			b.write([]byte("<>"))
		}()
		return true
	}}
}

func replyPlants() map[string]sown {
	octets := func(f func(string) any) plant {
		return edited("encode", func(r map[string]any) { r["bytes"] = f(r["bytes"].(string)) })
	}
	tag := func(f func(string) any) plant {
		return edited("decode", func(r map[string]any) {
			p := r["packet"].(map[string]any)
			p["tag"] = f(p["tag"].(string))
		})
	}
	id := func(f func(id int64) any) plant {
		return plant{print: func(m adapter.Message, reply []byte) []byte {
			return editedLine(reply, func(r map[string]any) {
				if v := f(m.ID); v != nil {
					r["id"] = v
				} else {
					delete(r, "id")
				}
			})
		}}
	}
	var own, firstID atomic.Int64 // replies are printed by several goroutines
	return map[string]sown{
		"no id":            {plant: id(func(int64) any { return nil }), kind: "no-id"},
		"ids of its own":   {plant: id(func(int64) any { return own.Add(1) }), kind: "wrong-id", also: []Kind{"second-reply", "repeated-id", "missing-field", "one-at-a-time"}},
		"ids as text":      {plant: id(func(id int64) any { return strconv.FormatInt(id, 10) }), kind: "id-form"},
		"ids as fractions": {plant: id(func(id int64) any { return json.RawMessage(fmt.Sprintf("%d.0", id)) }), kind: "id-form"},
		"the id of hello": {plant: id(func(id int64) any {
			firstID.CompareAndSwap(0, id)
			return firstID.Load()
		}), kind: "repeated-id", also: []Kind{"second-reply"}},
		"replies twice":            {plant: every(func(line string) string { return line + "\n" + line + "\n" }), kind: "second-reply"},
		"a number for an integer":  {plant: tag(func(s string) any { return json.Number(s) }), kind: "integer-form"},
		"an integer with 0x":       {plant: tag(func(s string) any { v, _ := strconv.Atoi(s); return fmt.Sprintf("%#x", v) }), kind: "integer-form"},
		"an integer with spaces":   {plant: tag(func(s string) any { return " " + s }), kind: "integer-form"},
		"an integer with zeros":    {plant: tag(func(s string) any { return "00" + s }), kind: "integer-form"},
		"a floating-point integer": {plant: tag(func(s string) any { return s + ".0" }), kind: "integer-form"},
		"a flag as true":           {plant: edited("decode", func(r map[string]any) { r["packet"].(map[string]any)["flags"] = true }), kind: "integer-form"},
		"hex in uppercase":         {plant: octets(func(s string) any { return strings.ToUpper(s) }), kind: "uppercase-hex"},
		"odd hex":                  {plant: octets(func(s string) any { return s[1:] }), kind: "octets-form"},
		"hex with 0x":              {plant: octets(func(s string) any { return "0x" + s }), kind: "octets-form"},
		"hex with spaces":          {plant: octets(func(s string) any { b, _ := hex.DecodeString(s); return fmt.Sprintf("% x", b) }), kind: "octets-form"},
		"octets in base64":         {plant: octets(func(s string) any { b, _ := hex.DecodeString(s); return base64.StdEncoding.EncodeToString(b) }), kind: "octets-form"},
		"octets as a list":         {plant: octets(func(string) any { return []int{10, 130} }), kind: "octets-form", also: []Kind{"encode"}},
		"consumed as text":         {plant: edited("decode", func(r map[string]any) { r["consumed"] = "11" }), kind: "wrong-type"},
		"equal as text":            {plant: edited("equal", func(r map[string]any) { r["equal"] = fmt.Sprint(r["equal"]) }), kind: "wrong-type"},
		"ok as a number":           {plant: edited("wait", func(r map[string]any) { r["ok"] = 1 }), kind: "wrong-type"},
		"calls as an object":       {plant: edited("seen", func(r map[string]any) { r["calls"] = map[string]any{} }), kind: "wrong-type"},
		"no consumed":              {plant: edited("decode", func(r map[string]any) { delete(r, "consumed") }), kind: "missing-field"},
		"a misspelt field":         {plant: edited("decode", func(r map[string]any) { r["consume"] = r["consumed"]; delete(r, "consumed") }), kind: "missing-field"},
		"nothing for wait":         {plant: edited("wait", func(r map[string]any) { clearBut(r, "id") }), kind: "missing-field"},
		"a null type":              {plant: edited("decode", func(r map[string]any) { setType(r, nil) }), kind: "null-field"},
		"a type in a response":     {plant: edited("decode", func(r map[string]any) { setType(r, "0") }), kind: "response-with-type"},
		"an unknown kind of error": {plant: failing(func(f map[string]any) any { f["kind"] = "not-supported"; return f }), kind: "error-kind"},
		"a kind in capitals":       {plant: failing(func(f map[string]any) any { f["kind"] = strings.ToUpper(f["kind"].(string)); return f }), kind: "error-kind"},
		"an error as text":         {plant: failing(func(f map[string]any) any { return f["message"] }), kind: "error-form"},
		"an error without message": {plant: failing(func(f map[string]any) any { delete(f, "message"); return f }), kind: "error-form"},
		"the end in capitals":      {plant: edited("join", func(r map[string]any) { r["ended"] = strings.ToUpper(r["ended"].(string)) }), kind: "ended-value"},
		"no end":                   {plant: edited("join", func(r map[string]any) { delete(r, "ended") }), kind: "ended"},
		"every end is EOF":         {plant: edited("join", func(r map[string]any) { r["ended"] = "eof" }), kind: "ended"},
	}
}

func clearBut(r map[string]any, name string) {
	for k := range r {
		if k != name {
			delete(r, k)
		}
	}
}

// setType sets the type of a packet that is a response.
func setType(r map[string]any, v any) {
	if p := r["packet"].(map[string]any); p["is_request"] == false {
		p["rq_type"] = v
	}
}
