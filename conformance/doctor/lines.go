package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/packetspec/packetspec/internal/visible"
)

// lines stands between a client and an adapter, and reports what is wrong with each line of the adapter's
// standard output. A lines that mends passes on what the adapter meant, so that a conversation shows more
// than its first mistake. One that does not mend passes every byte on unchanged.
type lines struct {
	mends     bool
	endsInput bool               // the adapter's standard input ends after the first command
	report    func(Kind, detail) // called while mu is held

	in   io.Writer
	out  io.Reader
	next []byte // mended lines that the client has not read
	rest []byte // the beginning of a line
	err  error  // with which out ended

	mu        sync.Mutex // guards the fields below
	off       bool       // nothing is looked at any more
	commands  map[int64]*command
	last      *command // the one sent last
	addField  bool     // the next command gets a field that the guide does not list
	ticking   bool     // ticks may come on the standard error
	ending    bool     // the standard input has been closed, or is about to be
	replied   bool     // a reply has come
	owed      bool     // the newline of a reply that was passed on
	gathered  []byte   // lines that may be a reply over several lines
	strays    int
	confusing bool // a reply could not be assigned to its command
}

// A detail is what a finding says about one occasion.
type detail struct {
	sent, came string
	more       string // what exactly is wrong; may be empty
	either     bool   // the implementation may be at fault, though the kind does not say so
	change     string // empty: what the kind says
}

// A command is one that was sent, as the adapter sees it.
type command struct {
	id     int64 // as the client numbers it
	op     string
	sent   string // the line, shortened
	came   string // the first reply, shortened; empty: none has come
	faulty bool   // a finding has been made of the reply
	late   bool   // the reply came after the standard input had ended
}

// Bounds of what a conversation may bring, beyond which the adapter is given up: bytes of one line, which
// hold every reply that a check asks for, and lines that are no replies.
const (
	maxLine   = 16 << 20
	maxStrays = 200
)

// maxShown bounds what a finding shows of a line, in bytes.
const maxShown = 300

func newLines(mends bool, report func(Kind, detail)) *lines {
	return &lines{mends: mends, report: report, commands: map[int64]*command{}}
}

// between implements [adapter.Streams].
func (l *lines) between(in io.WriteCloser, out io.Reader) (io.Writer, io.Reader) {
	l.in, l.out = in, out
	if l.endsInput {
		l.in = endingWriter{in}
	}
	return l, lineReader{l}
}

// Write passes on the commands of a client. If l mends, it renumbers them: an adapter that counts by itself
// would else have the right id by chance.
func (l *lines) Write(batch []byte) (int, error) {
	l.mu.Lock()
	off := l.off
	var passed []byte
	for line := range bytes.Lines(batch) {
		if !off {
			line = l.note(line)
		}
		passed = append(passed, line...)
	}
	l.mu.Unlock()
	if _, err := l.in.Write(passed); err != nil {
		return 0, err
	}
	return len(batch), nil
}

// note keeps a command, and returns it as it is sent. A client writes the id first, and then the op.
func (l *lines) note(line []byte) []byte {
	rest, _ := bytes.CutPrefix(line, []byte(`{"id":`))
	digits, rest, _ := bytes.Cut(rest, []byte(`,"op":"`))
	id, _ := strconv.ParseInt(string(digits), 10, 64)
	op, rest, _ := bytes.Cut(rest, []byte(`"`))
	sentAs := id
	if l.mends {
		sentAs = 3*id + 4
	}
	if more := ""; l.mends || l.addField {
		if l.addField {
			more, l.addField = `,"x-unlisted":1`, false
		}
		line = append(fmt.Appendf(nil, `{"id":%d,"op":%q%s`, sentAs, op, more), rest...)
	}
	c := &command{id: id, op: string(op), sent: show(line)}
	l.commands[sentAs], l.last = c, c
	return line
}

// show returns a line as a finding shows it.
func show(line []byte) string {
	return visible.Line(visible.Cut(string(bytes.TrimSuffix(line, []byte("\n"))), maxShown))
}

// A lineReader is the reading side of lines.
type lineReader struct{ *lines }

// Read implements [io.Reader].
func (r lineReader) Read(b []byte) (int, error) {
	l := r.lines
	if !l.mends {
		n, err := l.out.Read(b)
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.off {
			l.feed(b[:n])
		}
		return n, err
	}
	for len(l.next) == 0 && l.err == nil {
		var n int
		n, l.err = l.out.Read(b)
		l.mu.Lock()
		l.feed(b[:n])
		if l.err != nil {
			l.finish()
		}
		l.mu.Unlock()
	}
	if len(l.next) == 0 {
		return 0, l.err
	}
	n := copy(b, l.next)
	l.next = l.next[n:]
	return n, nil
}

// feed looks at further bytes of the standard output.
func (l *lines) feed(b []byte) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		l.line(append(l.rest, b[:i]...))
		l.rest, b = nil, b[i+1:]
	}
	l.rest = append(l.rest, b...)
	switch {
	case len(l.rest) > maxLine:
		l.giveUp(fmt.Sprintf("a line of more than %d MiB, without an end: %s", maxLine>>20, show(l.rest[:2*maxShown])))
	case l.mends && bytes.HasSuffix(l.rest, []byte("}")) && bytes.HasPrefix(l.rest, []byte("{")):
		l.unended()
	}
}

// unended passes on whole replies at the end of what has come: the newline may come in another write, or never.
func (l *lines) unended() {
	objects, text := objectsIn(l.rest)
	if text {
		return
	}
	if len(objects) > 1 {
		l.found("no-newline", detail{came: show(l.rest)})
	}
	for _, o := range objects {
		l.object(o)
	}
	l.rest, l.owed = nil, true
}

// giveUp ends the output for the client.
func (l *lines) giveUp(came string) {
	l.found("flood", detail{came: came})
	l.rest, l.off = nil, true
	if l.mends {
		l.err = io.EOF
	}
}

// found reports a finding about the command sent last, unless d names what was sent.
func (l *lines) found(k Kind, d detail) {
	if d.sent == "" && l.last != nil {
		d.sent = l.last.sent
	}
	l.report(k, d)
}

// finish looks at what is left at the end of the output.
func (l *lines) finish() {
	if l.owed && !l.off {
		l.found("no-newline", detail{came: "a reply, and no newline after it"})
	}
	if l.gathered != nil {
		l.stray(l.gathered)
	}
	if rest := bytes.TrimSpace(l.rest); len(rest) > 0 && !l.off {
		l.stray(rest)
	}
}

// line looks at one line.
func (l *lines) line(line []byte) {
	owed := l.owed
	l.owed = false
	line, crlf := bytes.CutSuffix(line, []byte("\r"))
	if crlf {
		l.found("crlf", detail{came: show(line) + `\r\n`})
	}
	if bare, bom := bytes.CutPrefix(line, []byte("\ufeff")); bom {
		l.found("byte-order-mark", detail{came: show(line)})
		line = bare
	}
	blank := len(bytes.TrimSpace(line)) == 0
	switch {
	case owed && blank:
		return
	case owed:
		l.found("no-newline", detail{came: "a reply, and behind it on the same line: " + show(line)})
	case blank:
		l.found("blank-line", detail{came: "a blank line"})
		return
	}
	if !utf8.Valid(line) {
		l.found("encoding", detail{came: show(line)})
	}
	if isObject(line) && l.gathered == nil {
		l.object(line)
		return
	}
	l.untangle(line)
}

// object looks at a JSON object, and passes on the reply that it is or was meant to be.
func (l *lines) object(raw []byte) {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&fields) != nil {
		l.stray(raw)
		return
	}
	c := l.answered(fields, raw)
	if c == nil {
		return
	}
	l.replied = true
	c.came, c.late = show(raw), l.ending
	reply := examine(c.op, fields, func(k Kind, more string) {
		c.faulty = true
		l.found(k, detail{sent: c.sent, came: c.came, more: more})
	})
	if !l.mends {
		return
	}
	reply["id"] = c.id
	line, err := json.Marshal(reply)
	if err == nil {
		l.next = append(append(l.next, line...), '\n')
	}
}

// answered returns the command that a reply answers, or was meant to answer. It returns nil if there is
// none.
func (l *lines) answered(fields map[string]any, raw []byte) *command {
	id, form := idOf(fields["id"])
	c := l.commands[id]
	switch {
	case form == "none":
		l.found("no-id", detail{came: show(raw)})
	case form != "":
		l.found("id-form", detail{came: show(raw), more: "its id is " + form})
	case c == nil:
		l.found("wrong-id", detail{came: show(raw), more: fmt.Sprintf("no command had the id %d", id)})
	}
	if c == nil {
		if c = l.waiting(fields); c == nil {
			l.confusing = true
			return nil
		}
	}
	if c.came == "" {
		return c
	}
	if w := l.waiting(fields); w != nil && show(raw) != c.came {
		l.found("repeated-id", detail{sent: w.sent, came: show(raw), more: "that id was of this command: " + c.sent})
		return w
	}
	l.confusing = true
	l.found("second-reply", detail{sent: c.sent, came: c.came + "\nand then " + show(raw)})
	return nil
}

// waiting returns the command without a reply that a reply fits best, of several the one sent last, or nil.
func (l *lines) waiting(fields map[string]any) (best *command) {
	fits := func(c *command) (n int) {
		for _, f := range replyFields[c.op] {
			switch _, has := fields[f.name]; {
			case has:
				n++
			case !f.optional:
				n--
			}
		}
		return n
	}
	for _, c := range l.commands {
		if c.came == "" && (best == nil || fits(c) > fits(best) || fits(c) == fits(best) && c.id > best.id) {
			best = c
		}
	}
	return best
}

// idOf returns an id. The form says what is wrong with it; empty: nothing is.
func idOf(v any) (id int64, form string) {
	switch v := v.(type) {
	case nil:
		return 0, "none"
	case json.Number:
		if id, err := v.Int64(); err == nil {
			return id, ""
		}
		f, err := v.Float64()
		if err != nil || f != float64(int64(f)) {
			return 0, v.String()
		}
		return int64(f), v.String()
	case string:
		id, _ := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		return id, fmt.Sprintf("the text %q", visible.Cut(v, maxShown))
	}
	return 0, "not a number"
}

// of returns what is known of the command with an id of the client.
func (l *lines) of(id int64) command {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.commands {
		if c.id == id {
			return *c
		}
	}
	return command{}
}

// set changes what l looks for.
func (l *lines) set(change func(l *lines)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}
