package mutant

import (
	"errors"
	"io"
	"math/big"
	"slices"
)

// appendInteger appends v as a BSUInt.
func (m mutant) appendInteger(b []byte, v *big.Int) []byte {
	groups := m.groups(m.keepBits(v, 32, "int-written-in-32-bits"))
	if len(groups) > 1 && m.has("int-little-endian") {
		slices.Reverse(groups)
	}
	for i, g := range groups {
		more := i < len(groups)-1
		if m.has("int-last-marked") {
			more = !more
		}
		if more {
			g |= 0x80
		}
		b = append(b, g)
	}
	return b
}

// groups returns the groups of seven bits of v, the most significant first.
func (m mutant) groups(v *big.Int) []byte {
	groups := make([]byte, max(1, (v.BitLen()+6)/7))
	rest := v
	for i := len(groups) - 1; i >= 0; i-- {
		groups[i] = byte(lowBits(rest, 7).Int64())
		rest = new(big.Int).Rsh(rest, 7)
	}
	if m.padsGroups(groups) {
		groups = slices.Insert(groups, 0, 0)
	}
	return groups
}

// padsGroups reports whether a fault writes the integer longer than necessary.
func (m mutant) padsGroups(groups []byte) bool {
	one := len(groups) == 1
	return m.has("int-overlong") ||
		one && groups[0] == 0 && m.has("int-overlong-zero") ||
		one && groups[0] == 0x7f && m.has("int-overlong-127") ||
		groups[0]&0x40 != 0 && m.has("int-signed")
}

func lowBits(v *big.Int, bits int) *big.Int {
	modulus := new(big.Int).Lsh(one, uint(bits))
	return modulus.And(v, modulus.Sub(modulus, one))
}

var errOverlong = errors.New("an overlong integer")

// readInteger reads a BSUInt and returns it with its length in octets. The error is
// [io.EOF] before its first octet, and [io.ErrUnexpectedEOF] if the octets stop inside it.
func (m mutant) readInteger(r io.ByteReader) (v *big.Int, octets int, err error) {
	v = new(big.Int)
	for {
		b, err := r.ReadByte()
		switch {
		case err != nil && octets == 0:
			return nil, 0, err
		case err != nil && m.has("int-unfinished-accepted"):
			return v, octets, nil
		case err != nil:
			return nil, octets, io.ErrUnexpectedEOF
		}
		m.addGroup(v, b, octets)
		octets++
		switch {
		case b < 0x80:
			return m.narrow(v), octets, nil
		case b == 0x80 && octets == 1 && m.has("int-overlong-refused"):
			return nil, octets, errOverlong
		case octets == 10 && m.has("int-overlong-ten-octets"):
			return nil, octets, errOverlong
		}
	}
}

// addGroup appends the group in b to v, which consists of the groups before it.
func (m mutant) addGroup(v *big.Int, b byte, before int) {
	group := big.NewInt(int64(b & 0x7f))
	switch {
	case b >= 0x80 && m.has("int-mark-kept"):
		v.Lsh(v, 7).Add(v, big.NewInt(int64(b)))
	case before > 0 && m.has("int-eight-bits"):
		v.Lsh(v, 8).Or(v, group)
	case before > 0 && m.has("int-little-endian"):
		v.Or(v, group.Lsh(group, uint(7*before)))
	default:
		v.Lsh(v, 7).Or(v, group)
	}
}

// narrow returns v as a type that is too narrow would hold it, with a fault.
func (m mutant) narrow(v *big.Int) *big.Int {
	v = m.keepBits(v, 32, "int-read-in-32-bits")
	v = m.keepBits(v, 63, "int-read-in-63-bits")
	v = m.keepBits(v, 64, "int-read-in-64-bits")
	if v.BitLen() > 53 && m.has("int-as-float") {
		f, _ := new(big.Float).SetInt(v).Float64()
		v, _ = big.NewFloat(f).Int(nil)
	}
	return v
}
