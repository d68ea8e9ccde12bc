package peer

import (
	"strings"
	"testing"
)

// A stream returns each packet when its last octet arrives.
func TestStream(t *testing.T) {
	var s stream
	var at []int
	all := "\x02\x01\x04" + "\x80\x80\x02\x02\x04" + "\x00" + "\x82\x00" + strings.Repeat("x", 256) + "\x80\x80"
	for i := range len(all) {
		s.add([]byte{all[i]})
		if n := s.frame(); n > 0 {
			at = append(at, i+1)
			s.drop(n)
		}
	}
	want := []int{3, 8, 9, 9 + 2 + 256}
	if len(at) != len(want) {
		t.Fatalf("packets end at the octets %v, expected %v", at, want)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Errorf("packets end at the octets %v, expected %v", at, want)
		}
	}
	if string(s.octets) != "\x80\x80" {
		t.Errorf("%x is left, expected the beginning of a length", s.octets)
	}
}

// An integer of very many octets takes linear time. Quadratic time would take hours, and
// the test would time out.
func TestLongIntegers(t *testing.T) {
	const piece, pieces = 4 << 10, 2 << 10
	var s stream
	for range pieces {
		s.add([]byte(strings.Repeat("\x80", piece)))
		if n := s.frame(); n > 0 {
			t.Fatalf("a packet of %d octets, expected none: its length is not complete", n)
		}
	}
	s.add([]byte("\x02\x01\x04"))
	if n := s.frame(); n != piece*pieces+3 {
		t.Errorf("a packet of %d octets, expected %d", n, piece*pieces+3)
	}
	wide := strings.Repeat("\xff", 1<<20) + "\x7f"
	v, rest, ok := cutInteger([]byte(wide + "x"))
	if !ok || string(rest) != "x" || v.BitLen() != 7*len(wide) {
		t.Errorf("an integer of %d bits, and %q is left; expected %d and \"x\"", v.BitLen(), rest, 7*len(wide))
	}
}
