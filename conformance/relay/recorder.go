package relay

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
)

// A recordingHead is the first line of a recording.
type recordingHead struct {
	Recording  int       `json:"packetspec_recording"` // the version of the format
	Sides      [2]string `json:"sides"`
	Dialect    string    `json:"dialect"`
	Began      time.Time `json:"began"`
	NoPayloads bool      `json:"no_payloads,omitempty"`
}

// A recordingLine is any other line: octets that a side sent, or how its stream ended.
type recordingLine struct {
	From   string  `json:"from"`
	AtMS   float64 `json:"at_ms"`
	Octets string  `json:"octets,omitempty"` // in hex
	// Omitted is how many octets of a payload follow Octets and are left out.
	Omitted uint64 `json:"omitted,omitempty"`
	Ending  Ending `json:"ending,omitempty"`
	// Limit says that the recording ends here because it has reached its limit of size.
	Limit int64 `json:"limit,omitempty"`
}

// recordingVersion is the version of the format.
const recordingVersion = 1

// A RecorderOptions says what to record.
type RecorderOptions struct {
	Names      [2]string
	Later      bool  // the dialect is the one of 2024
	Limit      int64 // of the recording, in bytes
	NoPayloads bool  // leave payloads out
}

// A Recorder writes what both sides send to a stream, beside the relay: it blocks only while more than
// mostUnwritten bytes wait. One goroutine at a time calls Octets and End. Its owner ends it with Close.
type Recorder struct {
	o     RecorderOptions
	began time.Time
	split [2]Splitter // without payloads, to know them
	size  int64       // of what was written or waits
	full  bool

	mu      sync.Mutex
	changed *sync.Cond
	waiting bytes.Buffer
	closed  bool
	err     error
	done    chan struct{}
}

// mostUnwritten bounds the memory of a recorder, in bytes.
const mostUnwritten = 8 << 20

// NewRecorder returns a recorder of a connection that begins at a time. It writes to w until Close.
func NewRecorder(w io.Writer, o RecorderOptions, began time.Time) *Recorder {
	r := &Recorder{o: o, began: began, done: make(chan struct{})}
	r.changed = sync.NewCond(&r.mu)
	head := recordingHead{Recording: recordingVersion, Sides: o.Names, Dialect: "2021", Began: began.UTC(), NoPayloads: o.NoPayloads}
	if o.Later {
		head.Dialect = "2024"
	}
	line, _ := json.Marshal(head) // it holds nothing that JSON lacks
	r.write(append(line, '\n'))
	go r.drain(w)
	return r
}

// Octets records octets of a side.
func (r *Recorder) Octets(from Side, at time.Time, octets []byte) {
	if r.full {
		return
	}
	if !r.o.NoPayloads {
		r.octets(from, at, octets, 0)
		return
	}
	var kept []byte
	r.split[from].Add(octets, nil, func(part Part, run []byte) {
		if part == PartHead {
			kept = append(kept, run...)
			return
		}
		r.octets(from, at, kept, uint64(len(run)))
		kept = kept[:0]
	})
	if len(kept) > 0 {
		r.octets(from, at, kept, 0)
	}
}

// octets writes a line of octets.
func (r *Recorder) octets(from Side, at time.Time, octets []byte, omitted uint64) {
	line := r.start(from, at)
	if len(octets) > 0 {
		line = append(line, `,"octets":"`...)
		line = hex.AppendEncode(line, octets)
		line = append(line, '"')
	}
	if omitted > 0 {
		line = strconv.AppendUint(append(line, `,"omitted":`...), omitted, 10)
	}
	r.line(append(line, "}\n"...))
}

// start returns the beginning of a line.
func (r *Recorder) start(from Side, at time.Time) []byte {
	name, _ := json.Marshal(r.o.Names[from]) // a text always has a JSON form
	line := append([]byte(`{"from":`), name...)
	return strconv.AppendFloat(append(line, `,"at_ms":`...), milliseconds(at.Sub(r.began)), 'f', 3, 64)
}

// End records how the stream of a side ended.
func (r *Recorder) End(from Side, how Ending, at time.Time) {
	r.line(append(r.start(from, at), fmt.Sprintf(`,"ending":%q}`+"\n", how)...))
}

// line writes a line, if the limit allows it.
func (r *Recorder) line(line []byte) {
	if r.full {
		return
	}
	if r.size+int64(len(line)) > r.o.Limit {
		r.full = true
		line = fmt.Appendf(nil, `{"limit":%d}`+"\n", r.o.Limit)
	}
	r.write(line)
}

// write hands bytes to the goroutine that writes them.
func (r *Recorder) write(line []byte) {
	r.size += int64(len(line))
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.waiting.Len() > mostUnwritten && r.err == nil {
		r.changed.Wait()
	}
	if r.err == nil {
		r.waiting.Write(line)
		r.changed.Broadcast()
	}
}

// drain writes what waits, until the recorder is closed.
func (r *Recorder) drain(w io.Writer) {
	defer close(r.done)
	var taken bytes.Buffer
	for {
		r.mu.Lock()
		for r.waiting.Len() == 0 && !r.closed {
			r.changed.Wait()
		}
		taken, r.waiting = r.waiting, taken
		r.changed.Broadcast()
		ended := r.closed && taken.Len() == 0
		r.mu.Unlock()
		if ended {
			return
		}
		_, err := w.Write(taken.Bytes())
		taken.Reset()
		if err != nil {
			r.mu.Lock()
			r.err = err
			r.waiting.Reset()
			r.changed.Broadcast()
			r.mu.Unlock()
			return
		}
	}
}

// Full reports whether the recording has reached its limit.
func (r *Recorder) Full() bool { return r.full }

// Close writes what waits, and returns the first error of a write.
func (r *Recorder) Close() error {
	r.mu.Lock()
	r.closed = true
	r.changed.Broadcast()
	r.mu.Unlock()
	<-r.done
	return r.err
}
