package peer_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/peer"
)

func TestZeroPacket(t *testing.T) {
	var zero peer.Packet
	check(t, "octets", fmt.Sprintf("%x", zero.Encode()), "020000")
	check(t, "text", zero.String(), "response: tag 0, failed")
	full := peer.Packet{Channel: new(big.Int), Tag: new(big.Int), Flags: new(big.Int), Type: big.NewInt(7), Payload: []byte{}}
	check(t, "the same as one of zeros, with a type", zero.Same(full), true)
	check(t, "ok", zero.OK(), false)
	check(t, "reply flags", zero.ReplyFlags().String(), "0")
	check(t, "EOF", fmt.Sprintf("%x", peer.EOF.Encode()), "03000200")
}

// A packet's text in reports has the words of the features.
func TestPacketString(t *testing.T) {
	long := strings.Repeat("x", 100)
	for octetsOf, want := range map[string]string{
		"03 00 02 00":                         "EOF",
		"04 80 00 02 00":                      "EOF",
		"04 00 03 00 00":                      "EOF",
		"03 01 02 00":                         "request: tag 1, wire type 0",
		"04 00 02 00 78":                      `request: tag 0, wire type 0, payload "x"`,
		"0a 82 2c 1f 05 02 68 65 6c 6c 6f":    `request: channel 5, tag 300, flags 0x7, wire type 2, payload "hello"`,
		"02 01 00":                            "response: tag 1, failed",
		"02 01 04":                            "response: tag 1, ok",
		"03 01 85 2c":                         "response: tag 1, ok, flags 0x55",
		"03 01 85 28":                         "response: tag 1, failed, flags 0x55",
		"04 01 05 07 78":                      `response: channel 7, tag 1, ok, payload "x"`,
		"04 01 04 00 ff":                      "response: tag 1, ok, payload 00ff",
		"04 01 04 c3 a9":                      `response: tag 1, ok, payload "é"`,
		"05 01 04 22 5c 0a":                   `response: tag 1, ok, payload 225c0a`,
		"04 01 04 22 5c":                      `response: tag 1, ok, payload "\"\\"`,
		"05 01 04 ef bf bd":                   "response: tag 1, ok, payload efbfbd",
		"0b 82 80 80 80 80 80 80 80 80 00 00": "response: tag 18446744073709551616, failed",
		"66 01 04" + fmt.Sprintf("%x", long):  `response: tag 1, ok, payload "` + long[:48] + `" … "` + long[84:] + `" (100 octets)`,
	} {
		p, n, err := peer.Decode(octets(t, octetsOf))
		if err != nil || n != len(octets(t, octetsOf)) {
			t.Errorf("%s: read %d octets, %v", octetsOf, n, err)
			continue
		}
		check(t, octetsOf, p.String(), want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for octetsOf, want := range map[string]struct {
		n       int // octets of the malformed packet
		message string
	}{
		"":                          {0, "stop inside a packet"},
		"81":                        {0, "stop inside a packet"},
		"03 01":                     {0, "stop inside a packet"},
		"81 80 80 80 80 80 00 01":   {0, "stop inside a packet"}, // a length of 2^42
		"8280808080808080808000 01": {0, "stop inside a packet"}, // and of 2^64
		"00":                        {1, "a body of 0 octets is too short"},
		"00 02 01 00":               {1, "a body of 0 octets is too short"},
		"01 01":                     {2, "a body of 1 octets is too short"},
		"02 01 02 05":               {3, "a body of 2 octets is too short"},
		"02 81 81":                  {3, "a body of 2 octets is too short"},
		"03 01 03 05":               {4, "a body of 3 octets is too short"},
		"80 01 01":                  {3, "a body of 1 octets is too short"},
	} {
		_, n, err := peer.Decode(octets(t, octetsOf))
		if err == nil || !strings.Contains(err.Error(), want.message) {
			t.Errorf("%s: got the error %v, expected %q", octetsOf, err, want.message)
		}
		check(t, "octets used of "+octetsOf, n, want.n)
	}
}

// No field has a bound.
func TestBigIntegers(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 1000)
	p := peer.Packet{IsRequest: true, Channel: huge, Tag: huge, Flags: huge, Type: huge, Payload: []byte("x")}
	got, n, err := peer.Decode(p.Encode())
	if err != nil || n != len(p.Encode()) || !got.Same(p) {
		t.Errorf("got %v of %d octets, %v", got, n, err)
	}
	got.Flags = new(big.Int).Add(huge, big.NewInt(1))
	check(t, "the same with other flags", got.Same(p), false)
	got.IsRequest = false
	check(t, "ok", got.OK(), true)
	check(t, "reply flags", got.ReplyFlags().Cmp(new(big.Int).Rsh(huge, 1)), 0)
}

func TestShowHex(t *testing.T) {
	long := make([]byte, 49)
	for want, b := range map[string][]byte{
		"":                               nil,
		"00 ff":                          {0, 0xff},
		strings.Repeat("00 ", 47) + "00": long[:48],
		strings.Repeat("00 ", 36) + "…" + strings.Repeat(" 00", 12) + " (49 octets)": long,
	} {
		check(t, "hex", peer.ShowHex(b), want)
	}
}
