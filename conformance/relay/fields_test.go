package relay

import (
	"bytes"
	"testing"
)

func TestDraw(t *testing.T) {
	for octets, want := range map[string]string{
		"\x0a\x82\x2c\x1f\x05\x02hello": `  0a              length   10 octets follow
  82 2c           tag      300
  1f              word     flags 7; is_request; has_channel
  05              channel  5
  02              type     1, on the wire 2
  68 65 6c 6c 6f  payload  "hello"
`,
		"\x04\x01\x85\x2c\x00": `  04     length   4 octets follow
  01     tag      1
  85 2c  word     flags 171: the handler's 85, and the ok bit 1
  00     payload  00
`,
		"\x03\x00\x02\x00": `  03  length   3 octets follow
  00  tag      0
  02  word     flags 0; is_request
  00  type     on the wire 0, the end of the stream
`,
		"\x80\x03\x80\x01\x04": `  80 03  length   3 octets follow, in a longer form; the shortest takes 1
  80 01  tag      1, in a longer form; the shortest takes 1
  04     word     flags 1: the handler's 0, and the ok bit 1
`,
		"\x03\x01\x03\x85": `  03  length   3 octets follow
  01  tag      1
  03  word     flags 0; is_request; has_channel
  85  channel  an integer that does not end
  and no more: the body ends before its channel
`,
		"\x00": `  00  length   0 octets follow
  and no more: the body ends before its tag
`,
		"\x82\x2f\x01\x04" + string(bytes.Repeat([]byte("ab"), 150)) + "c": `  82 2f                                              length   303 octets follow
  01                                                 tag      1
  04                                                 word     flags 1: the handler's 0, and the ok bit 1
  61 62 61 62 61 62 61 62 61 62 61 62 61 62 61 62 …  payload  301 octets
`,
	} {
		got := ""
		var s Splitter
		s.Add([]byte(octets), func(p *Packet) { got = p.Draw() }, nil)
		if got != want {
			t.Errorf("got\n%s\nexpected\n%s", got, want)
		}
	}
}

// FuzzSplitter requires any octets in any pieces to be split and drawn without a panic, and alike.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("\x05\x01\x02\x03hi\x04\x01\x04hi\x03\x00\x02\x00"), uint8(1))
	f.Add([]byte("\x02\x80\x80\x00\xff\xff"), uint8(2))
	f.Add(append([]byte("\x84\x00"), append(bytes.Repeat([]byte{0x80}, 300), bytes.Repeat([]byte{1}, 212)...)...), uint8(50))
	f.Fuzz(func(t *testing.T, octets []byte, piece uint8) {
		draw := func(piece int) (text string) {
			var s Splitter
			for rest := octets; len(rest) > 0; {
				n := min(len(rest), piece)
				s.Add(rest[:n], func(p *Packet) { text += p.String() + "\n" + p.Draw() }, nil)
				rest = rest[n:]
			}
			p, _ := s.Inside()
			return text + p.Draw()
		}
		if whole, split := draw(len(octets)+1), draw(1+int(piece)); whole != split {
			t.Errorf("got\n%s\nin pieces, expected\n%s", split, whole)
		}
	})
}
