package steps

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, expected %v", what, got, want)
	}
}

// checkMistake expects an error that reports a mistake in the feature, in these words.
func checkMistake(t testing.TB, what string, err error, message string) {
	t.Helper()
	var mistake *featureError
	if !errors.As(err, &mistake) {
		t.Errorf("%s: got the error %v, expected a mistake in the feature", what, err)
		return
	}
	if !strings.Contains(err.Error(), message) {
		t.Errorf("%s: got %q, expected it to contain %q", what, err, message)
	}
}

func TestParseOctets(t *testing.T) {
	for text, want := range map[string]string{
		"":               "",
		"00":             "00",
		"03 00 02 00":    "03000200",
		"0300 0200":      "03000200",
		"61*3":           "616161",
		"01 61*2 6162*2": "0161616162" + "6162",
		"61*0":           "",
	} {
		got, err := parseOctets(text)
		if err != nil {
			t.Errorf("%q: got the error %v", text, err)
		}
		check(t, text, fmt.Sprintf("%x", got), want)
	}
	for _, text := range []string{"0", "0g", "61*", "61*x", "*3", "61 *3"} {
		_, err := parseOctets(text)
		checkMistake(t, text, err, "is not octets")
	}
}

func TestParsePackets(t *testing.T) {
	const request, response = "03 01 02 01", "04 01 04 68 69"
	for _, c := range []struct{ octets, meaning string }{
		{request, "request: tag 1, wire type 1"},
		{response, `response: tag 1, ok, payload "hi"`},
		{response, "response: tag 1, packet flags 1, payload 68 69"},
		{"04 80 00 02 00", "EOF"},
		{request + response, `request: tag 1, wire type 1; response: tag 1, ok, payload "hi"`},
		{"00", "not a packet"},
		{"03 01 02", "not a packet: its end is missing"},
		{response, ""},
	} {
		if _, err := parsePackets(c.octets, c.meaning); err != nil {
			t.Errorf("%s (%s): got the error %v", c.octets, c.meaning, err)
		}
	}
	for _, c := range []struct{ octets, meaning, message string }{
		{request, "request: tag 2, wire type 1", `03 01 02 01 is not "request: tag 2, wire type 1" but 03 01 02 01 (request: tag 1, wire type 1)`},
		{request, "response: tag 1", "is not"},
		{request, "not a packet", "03 01 02 01 is a packet: request: tag 1, wire type 1"},
		{request + "ff", "request: tag 1, wire type 1", "does not describe the last 1 octets"},
		{request, "request: tag 1, wire type 1; EOF", "is not"},
		{"00", "response: tag 1", "no whole packet"},
		{request, "a request", "is not a packet: expected request: or response:"},
		{"xx", "EOF", "is not octets"},
	} {
		_, err := parsePackets(c.octets, c.meaning)
		checkMistake(t, c.octets+" ("+c.meaning+")", err, c.message)
	}
}

func TestParseMeaning(t *testing.T) {
	for words, want := range map[string]string{ // as the packet itself reads
		"EOF":                                             "EOF",
		"request: tag 0, wire type 0":                     "EOF",
		"response: tag 1":                                 "response: tag 1, failed",
		"response: tag 1, failed":                         "response: tag 1, failed",
		"response: tag 1, ok, flags 0x55":                 "response: tag 1, ok, flags 0x55",
		"response: tag 1, flags 0x55, ok":                 "response: tag 1, ok, flags 0x55",
		"response: tag 1, failed, flags 5":                "response: tag 1, failed, flags 0x5",
		"response: tag 1, packet flags 0xab":              "response: tag 1, ok, flags 0x55",
		"request: tag 2^64, wire type 2^61-1":             "request: tag 18446744073709551616, wire type 2305843009213693951",
		"request: type 3, no payload":                     "request: tag 0, wire type 3",
		`request: channel 5, tag 1, payload "a, flags 7"`: `request: channel 5, tag 1, wire type 0, payload "a, flags 7"`,
		`response: tag 1, payload "\"\x00é"`:              "response: tag 1, failed, payload 2200c3a9",
		"response: tag 1, payload 61*3 62":                `response: tag 1, failed, payload "aaab"`,
	} {
		p, err := parsePacket(words)
		if err != nil {
			t.Errorf("%q: got the error %v", words, err)
			continue
		}
		check(t, words, p.String(), want)
	}
	for words, message := range map[string]string{
		"":                       "is not a packet: expected request: or response:",
		"request":                "is not a packet: expected request: or response:",
		"packet: tag 1":          "is not a packet: expected request: or response:",
		"request: colour 1":      `"colour 1" is not a field`,
		"request: tag one":       `"one" is not an integer`,
		"request: tag":           `"" is not an integer`,
		"request: tag 2^x":       "is not a power of two",
		"request: tag 1,flags 2": `"tag 1,flags 2" is not a field`,
		`request: payload "a`:    "is not a quoted text",
		"request: payload abc":   "is not octets",
		"response: ok, sort of":  `"sort of" is not a field`,
	} {
		_, err := parsePacket(words)
		checkMistake(t, words, err, message)
	}
}

func TestParseInteger(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "300": "300", "-1": "-1", "0x55": "85", "2^0": "1", "2^61": "2305843009213693952",
		"2^61-1": "2305843009213693951", "2^0-1": "0", "2^64": "18446744073709551616",
	} {
		got, err := parseInteger(text)
		if err != nil {
			t.Errorf("%s: got the error %v", text, err)
			continue
		}
		check(t, text, got.String(), want)
	}
	for _, text := range []string{"", "x", "1.5", "2^", "2^-1", "2^61-2", "2^99999"} {
		_, err := parseInteger(text)
		checkMistake(t, text, err, "")
	}
}
