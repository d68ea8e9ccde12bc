package relay

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// A RecordingReader reads a recording.
type RecordingReader struct {
	Sides      [2]string
	Later      bool // the dialect is the one of 2024
	Began      time.Time
	NoPayloads bool

	r    *bufio.Reader
	line int
	text []byte
}

// A Piece is what a recording holds of one moment: octets of a side, or how its stream ended.
type Piece struct {
	From    Side
	At      time.Duration // since the connection began
	Octets  []byte
	Omitted uint64 // octets of a payload that follow and were not recorded
	Ending  Ending // empty: its stream goes on
	Limit   int64  // above 0: the recording ends here, at this size in bytes
}

// maxLine bounds a line of a recording, in bytes. The recorder writes at most a chunk on one, in hex.
const maxLine = 1 << 20

var (
	// ErrNoRecording reports that a stream does not begin as a recording does.
	ErrNoRecording = errors.New("not a recording of packetspec watch")
	// ErrTorn reports that a recording ends inside a line: its writer was killed, or still writes.
	ErrTorn = errors.New("the recording ends inside a line")
)

// IsRecording reports whether the beginning of a file is that of a recording.
func IsRecording(beginning []byte) bool {
	return bytes.HasPrefix(beginning, []byte(`{"packetspec_recording":`))
}

// NewRecordingReader returns a reader of a recording, whose first line it reads.
func NewRecordingReader(in io.Reader) (*RecordingReader, error) {
	r := &RecordingReader{r: bufio.NewReader(in)}
	var head recordingHead
	switch err := r.next(&head); {
	case err != nil:
		return nil, err
	case head.Recording == 0:
		return nil, ErrNoRecording
	case head.Recording != recordingVersion:
		return nil, fmt.Errorf("the recording has the format %d; this packetspec reads the format %d", head.Recording, recordingVersion)
	case head.Sides[Left] == head.Sides[Right]:
		return nil, fmt.Errorf("both sides of the recording are named %q", head.Sides[Left])
	}
	r.Sides, r.Later, r.Began, r.NoPayloads = head.Sides, head.Dialect == "2024", head.Began, head.NoPayloads
	return r, nil
}

// next reads a line. At the end of the stream, the error is io.EOF or ErrTorn; the part of a line that has come
// stays for the next call.
func (r *RecordingReader) next(v any) error {
	for {
		part, err := r.r.ReadSlice('\n')
		r.text = append(r.text, part...)
		switch {
		case len(r.text) > maxLine:
			return fmt.Errorf("line %d is longer than %d bytes", r.line+1, maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(r.text) > 0:
			return ErrTorn
		case err != nil:
			return err
		}
		break
	}
	r.line++
	line := r.text
	r.text = r.text[:0]
	if err := json.Unmarshal(line, v); err != nil {
		if r.line == 1 {
			return ErrNoRecording
		}
		return fmt.Errorf("line %d is no line of a recording", r.line)
	}
	return nil
}

// Next returns the next piece, which is valid until the next call. At the end of the stream the error is io.EOF or
// [ErrTorn]; if the stream has grown since, Next may be called again.
func (r *RecordingReader) Next() (p Piece, err error) {
	var line recordingLine
	if err := r.next(&line); err != nil {
		return p, err
	}
	side := slices.Index(r.Sides[:], line.From)
	octets, wrong := hex.DecodeString(line.Octets)
	switch {
	case side < 0 && line.Limit == 0:
		return p, fmt.Errorf("line %d: there is no side %q", r.line, line.From)
	case wrong != nil:
		return p, fmt.Errorf("line %d: its octets are not hex", r.line)
	}
	return Piece{
		From: Side(max(side, 0)), At: time.Duration(line.AtMS * float64(time.Millisecond)),
		Octets: octets, Omitted: line.Omitted, Ending: line.Ending, Limit: line.Limit,
	}, nil
}

// Replay has a judge see a piece. It fails if the recording leaves out octets that are not part of a payload.
func (j *Judge) Replay(p Piece) error {
	at := j.began.Add(p.At)
	if len(p.Octets) > 0 {
		j.Octets(p.From, at, p.Octets)
	}
	if !j.dirs[p.From].split.Skip(p.Omitted, func(packet *Packet) { j.packet(p.From, packet, at) }) {
		return fmt.Errorf("%d octets are left out where there is no payload of as many", p.Omitted)
	}
	if p.Ending != "" {
		j.End(p.From, p.Ending, at)
	}
	return nil
}
