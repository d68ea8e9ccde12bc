package mutant

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

func isASCII(octets []byte) bool {
	return !slices.ContainsFunc(octets, func(b byte) bool { return b >= utf8.RuneSelf })
}

// fromLatin1 is the text that octets are, one a character.
func fromLatin1(octets []byte) string {
	text := make([]rune, len(octets))
	for i, b := range octets {
		text[i] = rune(b)
	}
	return string(text)
}

func inLatin1(text string) (octets []byte) {
	for _, r := range text {
		octets = append(octets, byte(r))
	}
	return octets
}

func inUTF16(text string) (octets []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		octets = binary.BigEndian.AppendUint16(octets, unit)
	}
	return octets
}

// inCESU8 writes each surrogate on its own, in three octets.
func inCESU8(text string) (octets []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		if utf16.IsSurrogate(rune(unit)) {
			octets = append(octets, byte(0xe0|unit>>12), byte(0x80|unit>>6&0x3f), byte(0x80|unit&0x3f))
			continue
		}
		octets = utf8.AppendRune(octets, rune(unit))
	}
	return octets
}

// referringToSurrogates is a text in UTF-8, with an XML character reference for each
// lone surrogate, which in a Go string is three octets that are no character.
func referringToSurrogates(text string) (octets []byte) {
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 && len(text) >= 3 && text[0] == 0xed {
			unit := int(text[0]&0x0f)<<12 | int(text[1]&0x3f)<<6 | int(text[2]&0x3f)
			octets = fmt.Appendf(octets, "&#%d;", unit)
			text = text[3:]
			continue
		}
		octets = append(octets, text[:size]...)
		text = text[size:]
	}
	return octets
}
