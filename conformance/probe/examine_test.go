package probe

import (
	"math/big"
	"testing"
)

var one = big.NewInt(1)

// TestLeadingText sees the text that a program prints before its packets, and takes no packet for text.
func TestLeadingText(t *testing.T) {
	for octets, want := range map[string]string{
		"":                                "",
		"\x02\x01\x04":                    "",
		"\x03\x01\x04a":                   "",
		"hi\n":                            "hi",
		"Welcome\n":                       "Welcome",
		"Welcome\n(\xc0\x80\x01":          "Welcome",
		"\ufeffWelcome\n":                 "Welcome",
		"login: password:":                "login: password:",
		"größer\n":                        "größer",
		"\x1b[1mWelcome":                  "",
		"(\xc0\x80\x80\x01":               "",
		"SSH-2.0-OpenSSH_9.2\r\n\x00\x00": "SSH-2.0-OpenSSH_9.2",
	} {
		if got := leadingText([]byte(octets)); got != want {
			t.Errorf("%q: got %q, expected %q", octets, got, want)
		}
	}
}

// TestParseAddress reads addresses, and refuses others.
func TestParseAddress(t *testing.T) {
	for text, want := range map[string]string{
		"unix:/run/s.sock": "unix:/run/s.sock", "tcp:4000": "tcp:127.0.0.1:4000", "tcp::4000": "tcp:127.0.0.1:4000",
		"tcp:example.org:1": "tcp:example.org:1", "tcp:[::1]:2": "tcp:[::1]:2",
		"unix:": "", "tcp:host:": "", "udp:1": "", "": "", "/run/s.sock": "",
	} {
		a, err := ParseAddress("--connect", text)
		if err != nil && want == "" {
			continue
		}
		if err != nil || a.String() != want {
			t.Errorf("%q: got %v and the error %v, expected %q", text, a, err, want)
		}
	}
}

// TestParseAsk reads requests and answers, and refuses others.
func TestParseAsk(t *testing.T) {
	for text, want := range map[string]string{
		"7": "request: tag 1, wire type 8", "0x10:3": "request: tag 1, flags 0x3, wire type 17",
		"2:0:6869": `request: tag 1, wire type 3, payload "hi"`, "2305843009213693950": "request: tag 1, wire type 2305843009213693951",
		"": "", "-1": "", "2305843009213693951": "", "1:2:3": "", "1:x": "", "1_0": "",
	} {
		a, err := ParseAsk(text)
		if err != nil && want == "" {
			continue
		}
		if err != nil || a.Packet(one).String() != want {
			t.Errorf("%q: got %v and the error %v, expected %q", text, a, err, want)
		}
	}
	for text, want := range map[string]string{
		"any": "any response", "ok": "an ok response", "failed": "a failure response", "ok::6869": `an ok response, payload "hi"`,
		"ok:5:": "an ok response, flags 0x5, payload \"\"", "okay": "", "ok:x": "", "ok:0:0": "",
	} {
		e, err := ParseExpectation(text)
		if err != nil && want == "" {
			continue
		}
		if err != nil || e.String() != want {
			t.Errorf("%q: got %q and the error %v, expected %q", text, e, err, want)
		}
	}
}
