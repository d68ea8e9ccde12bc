package mutant

import (
	"encoding/binary"
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
