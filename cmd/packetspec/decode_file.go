package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/conformance/watch"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/packettext"
	"github.com/packetspec/packetspec/internal/readfile"
	"github.com/packetspec/packetspec/reference"
)

// mostFiles is how many files decode reads: one of each direction.
const mostFiles = 2

// A fileDecoding decodes files: a recording of watch, or one file for each direction.
type fileDecoding struct {
	cmd    *cobra.Command
	out    *bufio.Writer
	format string
	binary bool
	follow bool
}

func (d *fileDecoding) run(names []string) error {
	switch {
	case slices.Contains(names, ""):
		return &statusError{statusUsage, emptyWord(d.cmd, "--file")}
	case len(names) > mostFiles:
		return &statusError{statusUsage, hint.Add(fmt.Errorf("--file is given %d times: it must be given once, or twice for two directions", len(names)), "packetspec decode --file A --file B")}
	case d.follow && len(names) > 1:
		return &statusError{statusUsage, hint.Add(errors.New("--follow is given with two files: it follows one"), "packetspec watch --record FILE records both directions in one")}
	}
	for _, name := range names {
		if err := d.file(name, len(names) > 1); err != nil {
			return err
		}
	}
	return nil
}

// file decodes one file; labelled says that another follows or comes before it.
func (d *fileDecoding) file(name string, labelled bool) error {
	f, err := readfile.Open(d.cmd.Context(), name)
	if err != nil {
		if !hint.IsIn(err) {
			err = hint.Add(err, "packetspec decode --file FILE")
		}
		return &statusError{statusUsage, fmt.Errorf("--file: %w", err)}
	}
	defer func() { _ = f.Close() }()
	var in io.Reader = f
	if d.follow {
		in = &follower{ctx: d.cmd.Context(), file: f, out: d.out}
	}
	buffered := bufio.NewReader(in)
	first, _ := buffered.Peek(1)
	if !d.binary && string(first) == "{" {
		return d.recording(name, buffered)
	}
	label := ""
	if labelled {
		label = filepath.Base(name)
	}
	x := decoding{out: d.out, write: labelledWriter(d.format, label), file: name}
	in = buffered
	if !d.binary {
		x.hex = packettext.NewHexFile(name, buffered)
		in = x.hex
	}
	if d.format == "fields" {
		return drawStream(d.out, in, label)
	}
	return x.run(in)
}

// labelledWriter returns what writes the packets of a file in a format, with the file's name if it is one of two.
func labelledWriter(format, label string) func(*bufio.Writer, int64, reference.Packet) error {
	write := writeJSON
	if format == "text" {
		write = writeText
	}
	if label == "" {
		return write
	}
	return func(w *bufio.Writer, offset int64, p reference.Packet) error {
		if format == "text" {
			_, _ = fmt.Fprintf(w, "%s  ", label) // the Writer keeps its first error
			return write(w, offset, p)
		}
		_, err := fmt.Fprintf(w, "{\"from\":%q,%s\n", label, packettext.AppendJSON(nil, p)[1:])
		return err
	}
}

// drawStream draws the packets of a stream, field by field.
func drawStream(out *bufio.Writer, in io.Reader, label string) error {
	var s relay.Splitter
	buf := make([]byte, 64<<10)
	malformed := false
	if label != "" {
		label += ", "
	}
	for {
		n, err := in.Read(buf)
		s.Add(buf[:n], func(p *relay.Packet) {
			malformed = malformed || p.Malformed
			_, _ = fmt.Fprintf(out, "%soctet %d: %s\n%s", label, p.Offset, p, p.Draw()) // the Writer keeps its first error
		}, nil)
		switch {
		case errors.Is(err, io.EOF):
			if p, inside := s.Inside(); inside {
				_, _ = fmt.Fprintf(out, "%soctet %d: incomplete\n%s", label, p.Offset, p.Draw())
				return hint.Add(fmt.Errorf("octet %d: %w", p.Offset, reference.ErrIncomplete), "octet %d must be the length of a packet, followed by as many octets", p.Offset)
			}
			if malformed {
				return errors.New("a packet is malformed")
			}
			return nil
		case err != nil:
			if notHex := (*packettext.HexError)(nil); errors.As(err, &notHex) {
				return hintText(err, notHex)
			}
			return err
		}
	}
}

// recording decodes a recording of watch, and judges it as watch does.
func (d *fileDecoding) recording(name string, in io.Reader) error {
	s, err := specification()
	if err != nil {
		return err
	}
	r, err := relay.NewRecordingReader(in)
	if err != nil {
		return &statusError{statusNot, hint.Add(fmt.Errorf("%s: %w", name, err), "packetspec watch --record %s makes a recording; hex needs no --binary, and raw octets do", name)}
	}
	show := d.show(r)
	judge := relay.NewJudge(relay.Options{Names: r.Sides, Spec: s, Later: r.Later, NoPayloads: r.NoPayloads, Observe: show}, r.Began)
	at, err := d.replay(judge, r)
	report := judge.Report(at)
	if r.NoPayloads {
		report.Note("the recording has no payloads")
	}
	if errors.Is(err, relay.ErrTorn) {
		report.Note("%v", err)
		err = nil
	}
	if err != nil {
		return &statusError{statusNot, fmt.Errorf("%s: %w", name, err)}
	}
	if err := watch.Summary(d.out, report, d.format == "json", false); err != nil {
		return err
	}
	if !report.Conforms(false) {
		return &statusError{status: statusNot}
	}
	return nil
}

// replay has a judge see a recording. It returns the time of its last piece.
func (d *fileDecoding) replay(judge *relay.Judge, r *relay.RecordingReader) (at time.Time, err error) {
	at = r.Began
	for ended := 0; ended < 2; {
		p, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			judge.Stop(at)
			return at, nil
		case err != nil:
			return at, err
		case p.Limit > 0:
			judge.Stop(at)
			return at, nil
		}
		at = r.Began.Add(p.At)
		if err := judge.Replay(p); err != nil {
			return at, err
		}
		if p.Ending != "" {
			ended++
		}
	}
	return at, nil
}

// show returns what shows the events of a recording.
func (d *fileDecoding) show(r *relay.RecordingReader) func(*relay.Event) {
	if d.format != "fields" {
		return watch.Lines(r.Sides, r.Began, d.format == "json", r.NoPayloads, d.out)
	}
	text := watch.Lines(r.Sides, r.Began, false, r.NoPayloads, d.out)
	return func(e *relay.Event) {
		text(e)
		if e.Packet != nil {
			_, _ = d.out.WriteString(e.Packet.Draw()) // the Writer keeps its first error
		}
	}
}

// A follower reads a file that grows, until its context ends. It writes what is decoded so far before it waits.
type follower struct {
	ctx  context.Context
	file io.Reader
	out  *bufio.Writer
}

// followTime is how often a follower looks for more.
const followTime = 100 * time.Millisecond

// Read implements [io.Reader].
func (f *follower) Read(b []byte) (int, error) {
	for {
		n, err := f.file.Read(b)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := f.out.Flush(); err != nil {
			return 0, err
		}
		select {
		case <-time.After(followTime):
		case <-f.ctx.Done():
			return 0, context.Cause(f.ctx)
		}
	}
}
