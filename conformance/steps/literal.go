package steps

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/peer"
)

// parseOctets reads octets as features write them: hex digits, two an octet, with spaces
// anywhere between octets. 61*300 repeats an octet three hundred times.
func parseOctets(text string) ([]byte, error) {
	var octets []byte
	for _, word := range strings.Fields(text) {
		digits, times, repeated := strings.Cut(word, "*")
		b, err := hex.DecodeString(digits)
		n := 1
		if err == nil && repeated {
			n, err = strconv.Atoi(times)
		}
		if err != nil || len(b) == 0 {
			return nil, mistake("%q is not octets: expected hex digits, two an octet, or repeated octets like 61*300", word)
		}
		octets = append(octets, bytes.Repeat(b, n)...)
	}
	return octets, nil
}

// parsePackets reads octets and requires that they mean what the feature says in
// parentheses: packets, separated by semicolons, or words that begin with "not a packet".
func parsePackets(text, meaning string) ([]byte, error) {
	octets, err := parseOctets(text)
	if err != nil || meaning == "" {
		return octets, err
	}
	rest := octets
	for _, words := range strings.Split(meaning, "; ") {
		p, n, err := peer.Decode(rest)
		if strings.HasPrefix(words, "not a packet") {
			if err == nil {
				return nil, mistake("%s is a packet: %s", peer.ShowHex(rest), p)
			}
			return octets, nil
		}
		want, parseErr := parsePacket(words)
		if parseErr != nil {
			return nil, parseErr
		}
		if err != nil || !p.Same(want) {
			return nil, mistake("%s is not %q but %s", peer.ShowHex(rest), words, describe(rest))
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return nil, mistake("%q does not describe the last %d octets", meaning, len(rest))
	}
	return octets, nil
}

// parsePacket reads a packet as features describe it:
//
//	EOF
//	ERQ
//	request: channel 5, tag 300, flags 7, wire type 2, payload "hello"
//	response: tag 1, ok, flags 0x55, payload 00 ff
//	response: tag 1, packet flags 0xab
//
// A field left out is 0 or empty. In a response with "ok" or "failed", flags are the
// handler's; packet flags include the ok bit.
func parsePacket(words string) (p peer.Packet, err error) {
	switch words {
	case "EOF":
		return peer.EOF, nil
	case "ERQ":
		return peer.ERQ, nil
	}
	kind, fields, found := strings.Cut(words, ": ")
	if !found || kind != "request" && kind != "response" {
		return p, mistake("%q is not a packet: expected request: or response: with fields, or EOF, or ERQ", words)
	}
	p, err = parseFields(fields)
	p.IsRequest = kind == "request"
	return p, err
}

func parseFields(fields string) (p peer.Packet, err error) {
	numbers := map[string]**big.Int{
		"channel": &p.Channel, "tag": &p.Tag, "flags": &p.Flags, "packet flags": &p.Flags, "wire type": &p.Type, "type": &p.Type,
	}
	var status string
	for fields != "" && err == nil {
		var field string
		if payload, ok := strings.CutPrefix(fields, "payload "); ok {
			p.Payload, err = parsePayload(payload)
			break // the payload comes last
		}
		field, fields, _ = strings.Cut(fields, ", ")
		name, value := cutLast(field)
		switch {
		case field == "ok" || field == "failed":
			status = field
		case field == "no payload":
		case numbers[name] != nil:
			*numbers[name], err = parseInteger(value)
		default:
			err = mistake("%q is not a field: expected channel, tag, ok, failed, flags, packet flags, wire type (or the caller's type), payload or no payload", field)
		}
	}
	if status != "" && err == nil {
		p.Flags = new(big.Int).Lsh(cmp.Or(p.Flags, new(big.Int)), 1)
		if status == "ok" {
			p.Flags.SetBit(p.Flags, 0, 1)
		}
	}
	return p, err
}

func cutLast(text string) (before, after string) {
	if i := strings.LastIndex(text, " "); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// parseInteger reads a decimal number, a hexadecimal number like 0x55, or a power like 2^61
// or 2^61-1.
func parseInteger(text string) (*big.Int, error) {
	if exponent, ok := strings.CutPrefix(text, "2^"); ok {
		exponent, less := strings.CutSuffix(exponent, "-1")
		n, err := strconv.ParseUint(exponent, 10, 16)
		if err != nil {
			return nil, mistake("%q is not a power of two", text)
		}
		v := new(big.Int).Lsh(big.NewInt(1), uint(n))
		if less {
			v.Sub(v, big.NewInt(1))
		}
		return v, nil
	}
	v, ok := new(big.Int).SetString(text, 0)
	if !ok {
		return nil, mistake("%q is not an integer", text)
	}
	return v, nil
}

// parseOptionalInteger returns nil for an integer that the step leaves out.
func parseOptionalInteger(text string) (*big.Int, error) {
	if text == "" {
		return nil, nil
	}
	return parseInteger(text)
}

func parseSeconds(text string) (time.Duration, error) {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, mistake("%q is not a number of seconds", text)
	}
	return time.Duration(s * float64(time.Second)), nil
}

// parsePayload reads a payload: a quoted text in UTF-8, or octets.
func parsePayload(text string) ([]byte, error) {
	if strings.HasPrefix(text, `"`) {
		s, err := strconv.Unquote(text)
		if err != nil {
			return nil, errors.Join(mistake("%s is not a quoted text", text), err)
		}
		return []byte(s), nil
	}
	return parseOctets(text)
}
