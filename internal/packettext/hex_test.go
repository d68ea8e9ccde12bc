package packettext_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/packetspec/packetspec/internal/packettext"
)

func TestHexReader(t *testing.T) {
	for _, c := range []struct{ text, octets, message string }{
		{"", "", ""},
		{" \n\t\r\n", "", ""},
		{"0a82 2C\r\n1f", "\x0a\x82\x2c\x1f", ""},
		{"0 a8\n2", "\x0a\x82", ""},
		{"\ufeff0a", "\x0a", ""},
		{"0a0g", "\x0a", `standard input, line 1, column 4: "g" is not a hex digit: an octet is two hex digits, 0-9 and a-f`},
		{"0a\n\n 82:2c", "\x0a\x82", `standard input, line 3, column 4: ":" is not a hex digit: an octet is two hex digits, 0-9 and a-f`},
		{"0a\x82", "\x0a", `standard input, line 1, column 3: the byte 0x82 is not a hex digit: an octet is two hex digits, 0-9 and a-f`},
		{"é", "", `standard input, line 1, column 1: "é" is not a hex digit: an octet is two hex digits, 0-9 and a-f`},
		{"0a\n820\n2c\n", "\x0a\x82\x02", `standard input, line 2 has an odd number of hex digits: an octet is two hex digits, 0-9 and a-f`},
		{"0", "", `standard input, line 1 has an odd number of hex digits: an octet is two hex digits, 0-9 and a-f`},
	} {
		t.Run(fmt.Sprintf("%q", c.text), func(t *testing.T) {
			octets, err := io.ReadAll(packettext.NewHexReader(strings.NewReader(c.text)))
			if err == nil {
				err = errors.New("")
			}
			if string(octets) != c.octets || err.Error() != c.message {
				t.Errorf("got %q and %q, expected %q and %q", octets, err, c.octets, c.message)
			}
		})
	}
}

// The text comes in pieces of any size, and the octets are taken in pieces of any size.
func TestHexReaderInPieces(t *testing.T) {
	text := "0a82 2c1f\n0502 6\n8656c 6c6f"
	want := []byte("\x0a\x82\x2c\x1f\x05\x02hello")
	for _, r := range []io.Reader{
		packettext.NewHexReader(iotest.OneByteReader(strings.NewReader(text))),
		iotest.OneByteReader(packettext.NewHexReader(strings.NewReader(text))),
		packettext.NewHexReader(iotest.DataErrReader(strings.NewReader(text))),
	} {
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %x and the error %v, expected %x", got, err, want)
		}
	}
}

// Who waits for an octet gets it although no more text follows.
func TestHexReaderDoesNotWait(t *testing.T) {
	in, out := io.Pipe()
	go func() { _, _ = out.Write([]byte("0a820")) }()
	b := make([]byte, 10)
	n, err := packettext.NewHexReader(in).Read(b)
	if n != 2 || err != nil {
		t.Errorf("got %d octets and the error %v, expected 2 octets", n, err)
	}
}

func TestHexReaderKeepsTheErrorOfTheStream(t *testing.T) {
	cause := errors.New("no more")
	if _, err := io.ReadAll(packettext.NewHexReader(iotest.ErrReader(cause))); !errors.Is(err, cause) {
		t.Errorf("got %v, expected %v", err, cause)
	}
}

func TestHexReaderPlace(t *testing.T) {
	h := packettext.NewHexReader(strings.NewReader("0a82\n\n2c\n1f 0\n5"))
	if _, err := io.ReadAll(h); err != nil {
		t.Fatal(err)
	}
	for octet, line := range []int{1, 1, 3, 4, 4, 4} {
		if got, want := h.Place(int64(octet)), fmt.Sprintf("standard input, line %d", line); got != want {
			t.Errorf("octet %d: got %q, expected %q", octet, got, want)
		}
	}
	if got, want := h.Odd(), "standard input, line 4"; got != want {
		t.Errorf("the odd line: got %q, expected %q", got, want)
	}
}

func TestHexArguments(t *testing.T) {
	h := packettext.NewHexArguments([]string{"0a", "8 2\n2c", "1f0"})
	_, err := io.ReadAll(h)
	want := `argument 3 ("1f0") has an odd number of hex digits: an octet is two hex digits, 0-9 and a-f`
	if err == nil || err.Error() != want {
		t.Errorf("got the error %v, expected %s", err, want)
	}
	if got, want := h.Place(2), `argument 2 ("8 2\n2c")`; got != want {
		t.Errorf("got %s, expected %s", got, want)
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"0x0a82": "0a82", "0x0a, 0x82": "0a82", "0xa,0x8": "0a08", "0A:82": "0a82", "0a-82": "0a82",
		`\x0a\x82`: "0a82", `b'\x0a'`: "0a", "{0x0a}": "0a",
		"": "", "0x": "", "0g": "", "hello": "", "0x0": "", ",": "",
	} {
		got, ok := packettext.Clean(text)
		if !ok {
			got = ""
		}
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q and %t, expected %q", text, got, ok, want)
		}
	}
}
