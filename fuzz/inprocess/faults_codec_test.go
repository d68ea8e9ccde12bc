package inprocess

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// TestFaultyCodecs plants faults in the reference's codec. The seeds alone must show each
// of them.
func TestFaultyCodecs(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	type decode = func([]byte) (reference.Packet, int, error)
	decoding := func(f func(decode, []byte) (reference.Packet, int, error)) func(*codec) {
		return func(c *codec) {
			sound := c.decode
			c.decode = func(b []byte) (reference.Packet, int, error) { return f(sound, b) }
		}
	}
	reading := func(f func(io.Reader) io.Reader) func(*codec) {
		return func(c *codec) {
			sound := c.reader
			c.reader = func(r io.Reader, most int) packetReader { return sound(f(r), most) }
		}
	}
	for _, fault := range []struct {
		named
		requirement string
		target      func(codec, []byte, time.Duration) error
		plant       func(*codec)
	}{
		{"panics on a channel", "BAD-1", codec.runDecode, decoding(func(d decode, b []byte) (reference.Packet, int, error) {
			p, n, err := d(b)
			return p, n / int(1-min(1, p.Channel)), err
		})},
		{"hangs on an empty body", "JOI-1", codec.runDecode, decoding(func(d decode, b []byte) (reference.Packet, int, error) {
			if len(b) > 0 && b[0] == 0 {
				<-never
			}
			return d(b)
		})},
		{"leaves a goroutine behind", "JOI-1", codec.runDecode, decoding(func(d decode, b []byte) (reference.Packet, int, error) {
			go func() { <-never }()
			return d(b)
		})},
		{"allocates the declared length", "BAD-4", codec.runDecode, decoding(func(d decode, b []byte) (reference.Packet, int, error) {
			if n, _, err := reference.DecodeBSUInt(b); err == nil {
				kept = make([]byte, min(n, 1<<26))
			}
			return d(b)
		})},
		{"loses the highest bit of a tag", "DEC-1", codec.runDecode, decoding(func(d decode, b []byte) (reference.Packet, int, error) {
			p, n, err := d(b)
			p.Tag &^= 1 << 60
			return p, n, err
		})},
		{"consumes an octet too few", "DEC-1", codec.runDecode, decoding(func(d decode, b []byte) (reference.Packet, int, error) {
			p, n, err := d(b)
			return p, max(0, n-1), err
		})},
		{"leaves spare capacity behind the payload", "DEC-1", codec.runDecode, decoding(func(d decode, b []byte) (reference.Packet, int, error) {
			p, n, err := d(b)
			p.Payload = slices.Grow(p.Payload, 1)
			return p, n, err
		})},
		{"accepts an incomplete packet", "DEC-3", codec.runDecode, decoding(func(d decode, b []byte) (reference.Packet, int, error) {
			p, n, err := d(b)
			if errors.Is(err, reference.ErrIncomplete) {
				err = nil
			}
			return p, n, err
		})},
		{"writes channel 0", "ENC-1", codec.runDecode, func(c *codec) {
			c.encode = func(p reference.Packet, b []byte) ([]byte, error) {
				return append(b, encoded(p, input.Encoding{ChannelZero: true})...), nil
			}
		}},
		{"writes integers out of range", "INT-5", codec.runRoundTrip, func(c *codec) {
			c.encode = func(p reference.Packet, b []byte) ([]byte, error) {
				return append(b, encoded(p, input.Encoding{})...), nil
			}
		}},
		{"compares tags alone", "EQ-1", codec.runRoundTrip, func(c *codec) {
			c.equal = func(p, q reference.Packet) bool { return p.Tag != q.Tag }
		}},
		{"refuses overlong integers", "INT-1", codec.runDecode, func(c *codec) {
			sound := c.decodeInteger
			c.decodeInteger = func(b []byte) (uint64, int, error) {
				if len(b) > 1 && b[0] == 0x80 {
					return 0, 0, reference.ErrRange
				}
				return sound(b)
			}
		}},
		{"ends at an empty piece", "DEC-5", codec.runStreams, reading(func(r io.Reader) io.Reader {
			return readerFunc(func(b []byte) (int, error) {
				n, err := r.Read(b)
				if n == 0 {
					err = io.EOF
				}
				return n, err
			})
		})},
		{"loses octets that come with the end", "DEC-5", codec.runStreams, reading(func(r io.Reader) io.Reader {
			return readerFunc(func(b []byte) (int, error) {
				n, err := r.Read(b)
				if err != nil {
					n = 0
				}
				return n, err
			})
		})},
		{"allocates the declared length in a stream", "BAD-4", codec.runStreams, func(c *codec) {
			sound := c.reader
			c.reader = func(r io.Reader, most int) packetReader {
				kept = make([]byte, most)
				return sound(r, most)
			}
		}},
		{"reports another offset", "DEC-5", codec.runStreams, func(c *codec) {
			sound := c.reader
			c.reader = func(r io.Reader, most int) packetReader { return lateReader{sound(r, most)} }
		}},
	} {
		t.Run(fault.String(), func(t *testing.T) {
			faulty := referenceCodec()
			fault.plant(&faulty)
			seeds := append(streamSeeds(t), corpus(t, "FuzzDecode")...)
			seeds = append(seeds, corpus(t, "FuzzRoundTrip")...)
			requireFound(t, fault.requirement, seeds, func(data []byte) error {
				return fault.target(faulty, data, timeFor(fault.requirement))
			})
		})
	}
}

// timeFor returns the limit for one execution: short where the fault is that it does not
// end, and elsewhere longer than the slowest machine needs.
func timeFor(requirement string) time.Duration {
	if requirement == "JOI-1" {
		return time.Second / 2
	}
	return time.Minute
}

// requireFound requires that the first seed for which a target fails breaks the requirement
// want, or shows a difference of the kind want. If want is empty, any failure will do.
func requireFound(t *testing.T, want string, seeds [][]byte, target func([]byte) error) {
	t.Helper()
	for _, seed := range seeds {
		err := target(seed)
		if err == nil {
			continue
		}
		var broken *Violation
		if !errors.As(err, &broken) || broken.Requirement != want && !strings.HasPrefix(broken.While, want) {
			t.Errorf("expected a violation of %q\ngot      %v", want, err)
		}
		return
	}
	t.Errorf("expected a violation of %q\ngot      none for any of %d seeds", want, len(seeds))
}

// kept keeps the compiler from removing an allocation.
var kept []byte

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// A lateReader reports the end of a packet one octet too late.
type lateReader struct{ packetReader }

func (r lateReader) Offset() int64 { return r.packetReader.Offset() + 1 }
