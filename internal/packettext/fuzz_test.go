package packettext_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/internal/packettext"
)

// FuzzHex requires every text either to be the hex that the standard library reads, or to give an
// error with a place.
func FuzzHex(f *testing.F) {
	for _, text := range []string{"", "0a82 2C\n1f", "0x0a", "0a:8", "0", "\ufeff00", "é"} {
		f.Add(text)
	}
	place := regexp.MustCompile(`^standard input, line \d+(, column \d+: | has an odd number)`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := io.ReadAll(packettext.NewHexReader(strings.NewReader(text)))
		bare := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(strings.TrimPrefix(text, "\ufeff"))
		want, wantErr := hex.DecodeString(bare)
		switch {
		case (err == nil) != (wantErr == nil):
			t.Errorf("got the error %v, expected %v", err, wantErr)
		case err == nil && !bytes.Equal(got, want):
			t.Errorf("got %x, expected %x", got, want)
		case err != nil && !place.MatchString(err.Error()):
			t.Errorf("the error %q has no place", err)
		}
	})
}

// FuzzJSON requires every text to be packets that are the same when they are written and read
// again, or to give an error with a line and a hint.
func FuzzJSON(f *testing.F) {
	for _, p := range packets[:3] {
		f.Add(string(packettext.AppendJSON(nil, p)))
	}
	for _, text := range []string{whole + "\n" + whole, "{}", "null", "[[", `{"tag":1}`, with("tag", `"\u00`), with("payload", `"6\u00361"`)} {
		f.Add(text)
	}
	explained := regexp.MustCompile(`(?s)^standard input, line \d+: not a packet: .+\nhint: .+`)
	f.Fuzz(func(t *testing.T, text string) {
		r := packettext.NewJSONReader(strings.NewReader(text))
		for {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				if !explained.MatchString(err.Error()) {
					t.Errorf("the error %q has no line or no hint", err)
				}
				return
			}
			again, err := packettext.NewJSONReader(bytes.NewReader(packettext.AppendJSON(nil, p))).Next()
			if err != nil || !again.Equal(p) {
				t.Errorf("got %v and the error %v, expected %v", again, err, p)
			}
		}
	})
}
