//go:build unix

package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// DefaultAsk is the request that the peer sends if no other is known to be safe: of a type that no
// program is likely to have, without a payload. A handler fails at it, as a rule.
var DefaultAsk = steps.Ask{Type: big.NewInt(0x70726f62)}

// firstTag is the tag of the first request of an examination. Scenarios use others. Its octets are no text.
const firstTag = 1<<27 + 1

// unserved is a channel that no program is likely to serve. The refusal of a request on it needs no handler.
var unserved = big.NewInt(1<<34 + 1)

// Limits bounds the waits of an examination.
type Limits struct {
	Start  time.Duration // until the program first sends something
	Answer time.Duration // for an answer, while nothing comes
}

const (
	// quiet is for how long a program must not end its stream for the examination to say that it leaves
	// the end to the peer.
	quiet = 100 * time.Millisecond
	// leastAnother is how long a second connection may at least take to answer, beside the first. One that
	// takes longer is taken to wait for the end of the first, which costs time alone.
	leastAnother = time.Second
	// startups is how many times as long as the first another start of the program may take.
	startups = 4
	// closeTime is how long a program may keep its output open after EOF. One that keeps it for longer is
	// not judged by it.
	closeTime = time.Second
	// lingerTime is how long a program may live when both streams are closed, before a signal ends it; and
	// lingerAlone, if it serves one connection at a time: it may have something to put away.
	lingerTime  = 300 * time.Millisecond
	lingerAlone = 2 * time.Second
)

// An examination is what a first connection has shown.
type examination struct {
	program  steps.Program
	startup  time.Duration // until the program first sent something
	parallel bool          // it serves several connections at a time
	first    *link         // is open still; nil: parallel
	notes    []string
}

// examine opens a first connection to the target, sends the requests that may be sent, and looks whether
// another connection is served meanwhile. The error is a [*adapter.StartError], one of the machine, or
// the cause of ctx.
func examine(ctx context.Context, t *Target, asks []steps.Ask, limits Limits) (e *examination, err error) {
	e = &examination{program: steps.Program{Asks: asks, Single: t.isLocal()}}
	began := time.Now()
	opening, cancel := adapter.WithStartTime(ctx, limits.Start, fmt.Errorf("no connection within %v", limits.Start))
	defer cancel()
	first, err := t.open(opening)
	if err != nil {
		return nil, t.unreached(err)
	}
	d := newDialogue(first)
	defer func() {
		if err != nil || e.parallel {
			first.end(lingerTime)
		}
	}()
	d.send(unservedRequest(firstTag))
	for i, a := range asks {
		d.send(a.Packet(big.NewInt(int64(firstTag + 1 + i))))
	}
	if err := d.await(ctx, limits.Start, func() bool { return len(d.answered) > 0 || leadingText(d.first) != "" || d.over() }); err != nil {
		return nil, err
	}
	e.startup = time.Since(began)
	if err := e.isPeer(ctx, t, d, limits); err != nil {
		return nil, err
	}
	if err := e.answers(ctx, d, limits); err != nil {
		return nil, err
	}
	return e, e.second(ctx, t, d)
}

func unservedRequest(tag int64) peer.Packet {
	return peer.Packet{IsRequest: true, Channel: unserved, Tag: big.NewInt(tag), Type: big.NewInt(1)}
}

// unreached returns the error of a target that could not be opened.
func (t *Target) unreached(err error) error {
	if errors.As(err, new(*adapter.StartError)) || errors.Is(err, context.Canceled) || t.Argv != nil {
		return err
	}
	s := t.startError("%w", err)
	s.Hint = "start the program first, and name the address that it listens to"
	if t.Listener != nil {
		s.Hint = "start the program that connects to this address meanwhile; --start-timeout is how long the probe waits"
	}
	return s
}

func (t *Target) startError(format string, args ...any) *adapter.StartError {
	return &adapter.StartError{What: "program", Command: t.String(), Err: fmt.Errorf(format, args...)}
}

// isPeer returns an error if what the program has sent first, if anything, comes from no peer.
func (e *examination) isPeer(ctx context.Context, t *Target, d *dialogue, limits Limits) error {
	octets := d.first
	switch text := leadingText(octets); {
	case len(octets) == 0 && d.ended:
		s := t.startError("it ended the connection without an octet")
		s.Hint = "the program must speak the protocol on its standard input and output; run it by itself to see what it says"
		if p := d.link.program; p != nil {
			exit := p.Exit()
			s.Err, s.Stderr = fmt.Errorf("it ended without an octet (%s)", exit), exit.Stderr
			if exit.Status >= 0 && exit.Stderr == "" {
				s.Hint = "the program must go on serving until its peer's stream ends, as by conn.join() at its end"
			}
		} else {
			s.Hint = "does a program that speaks the protocol listen there?"
		}
		return s
	case len(octets) == 0:
		return e.silent(ctx, t, limits)
	case bytes.HasPrefix(octets, d.sent[:min(len(octets), len(d.sent))]) && len(octets) > 3:
		s := t.startError("it sends back what it gets")
		s.Hint = "a program such as cat or a terminal does so; name one that speaks the protocol"
		return s
	case text != "":
		s := t.startError("it printed text where its packets belong: %q", visible.Cut(text, 80))
		s.Hint = "print it to the standard error, or leave it out: the standard output is for packets alone"
		if d.link.program == nil {
			s.Hint = "does a program that speaks the protocol listen there? This is text of another one"
		}
		return s
	}
	return nil
}

// leadingText returns the text with which octets begin, or "" if they may be packets: the second octet of
// a packet is a tag, and tags count from 1.
func leadingText(octets []byte) string {
	octets = bytes.TrimPrefix(octets, []byte("\ufeff"))
	n := 0
	for n < len(octets) {
		r, size := utf8.DecodeRune(octets[n:])
		if r == utf8.RuneError || !unicode.IsPrint(r) && !strings.ContainsRune("\t\r\n", r) {
			break
		}
		n += size
	}
	const least = 8
	text := string(octets[:n])
	if last := strings.LastIndexByte(text, '\n'); last >= 0 {
		text = text[:last+1] // what follows may be the length of a packet
		n = len(text)
	}
	if n >= least || n >= 3 && strings.HasSuffix(text, "\n") {
		return strings.TrimSpace(text)
	}
	return ""
}

// silent examines a program that has answered nothing: its handler may wait, but the end of a stream
// without a request has to be answered.
func (e *examination) silent(ctx context.Context, t *Target, limits Limits) error {
	s := t.startError("it sent no octet within %v: neither an answer nor a refusal, nor EOF after the peer's", limits.Start)
	s.Hint = "the program must speak the protocol, and flush what it sends; --start-timeout is how long the probe waits"
	opening, cancel := adapter.WithStartTime(ctx, limits.Start, s.Err)
	defer cancel()
	l, err := t.open(opening)
	if err != nil {
		return s
	}
	defer l.end(lingerTime)
	d := newDialogue(l)
	d.send(peer.EOF)
	if err := d.await(ctx, limits.Answer, func() bool { return len(d.first) > 0 || d.over() }); err != nil {
		return err
	}
	if len(d.first) == 0 {
		return s
	}
	return nil
}

// answers finds out which of the requests are answered, and whether the program ends its stream by itself.
func (e *examination) answers(ctx context.Context, d *dialogue, limits Limits) error {
	all := func() bool { return len(d.answered) > len(e.program.Asks) || d.over() }
	if err := d.await(ctx, limits.Answer, all); err != nil || d.broken {
		return err // of what is broken the scenarios say more
	}
	var answered []steps.Ask
	var names []string
	for i, a := range e.program.Asks {
		if d.answered[int64(firstTag+1+i)] {
			answered = append(answered, a)
			continue
		}
		names = append(names, fmt.Sprintf("type %s", a.Type))
	}
	if names != nil {
		note := fmt.Sprintf("the program did not answer %s within %v", words.Join(names, "and"), limits.Answer)
		if d.eof {
			note = fmt.Sprintf("the program ended its stream without an answer to %s", words.Join(names, "and"))
		}
		note += "; --ask names requests that it answers, and --timeout how long an answer may take"
		if answered == nil {
			e.program.Unanswered = note
		} else {
			e.notes = append(e.notes, note)
		}
	}
	if answered != nil {
		e.program.Asks = answered
	}
	if !d.over() && answered != nil {
		again := int64(firstTag + 1 + len(e.program.Asks) + len(names))
		d.send(answered[0].Packet(big.NewInt(again)))
		if err := d.await(ctx, limits.Answer, func() bool { return d.answered[again] || d.over() }); err != nil {
			return err
		}
		if err := d.await(ctx, quiet, d.over); err != nil {
			return err
		}
	}
	if d.eof && !d.broken {
		e.program.EndsItself = fmt.Sprintf("the program ends its stream by itself, here after %s", words.Count(len(d.answered), "answer"))
	}
	return nil
}

// second opens a second connection while the first is open, and looks whether it is served. If it is, it also
// looks how the program ends it.
func (e *examination) second(ctx context.Context, t *Target, first *dialogue) error {
	limit := max(leastAnother, 3*e.startup)
	unserved, err := e.another(ctx, t, limit)
	if err != nil {
		return err
	}
	if e.parallel = unserved == ""; e.parallel {
		return nil
	}
	if e.first = first.link; first.over() { // nothing more can be shown on it
		first.link.end(lingerAlone)
		e.first = nil
	}
	if t.isLocal() {
		e.program.KeepsStream = true // nothing has shown that it does not
	}
	return nil
}

// another opens another connection, and returns why it is not served within a limit, or "". The error is the
// cause of ctx.
func (e *examination) another(ctx context.Context, t *Target, limit time.Duration) (unserved string, err error) {
	opening, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no connection within %v", limit))
	defer cancel()
	l, err := t.open(opening)
	if err != nil {
		return err.Error(), context.Cause(ctx)
	}
	defer func() {
		linger := lingerAlone
		if ctx.Err() != nil {
			linger = 0
		}
		l.end(linger)
	}()
	d := newDialogue(l)
	d.send(unservedRequest(firstTag))
	if e.program.Unanswered == "" && len(e.program.Asks) > 0 {
		d.send(e.program.Asks[0].Packet(big.NewInt(firstTag + 1)))
	}
	err = d.await(ctx, limit, func() bool { return len(d.answered) > 0 || d.over() })
	switch {
	case err != nil:
		return "", err
	case len(d.answered) > 0:
	case l.program != nil && d.ended:
		return "the program ended without an octet when it was started again: " + l.program.Exit().String(), nil
	case d.ended:
		return "the program ended another connection without an octet", nil
	default:
		return fmt.Sprintf("the program did not serve another connection within %v", limit), nil
	}
	d.send(peer.EOF)
	if err := d.await(ctx, limit, d.over); err != nil || !d.eof {
		return "", err
	}
	err = d.await(ctx, closeTime, func() bool { return d.ended })
	e.program.KeepsStream = !d.ended && t.isLocal()
	return "", err
}
