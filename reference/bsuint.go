package reference

import (
	"fmt"
	"io"
	"math"
	"math/bits"
)

// A BSUInt is an unsigned integer in big-endian base 128: seven bits per octet,
// most significant first, with the high bit set on every octet but the last. (INT-1)
//
//	0 → 00    127 → 7f    128 → 81 00    16384 → 81 80 00

// AppendBSUInt appends the shortest form of v to b. (INT-2)
func AppendBSUInt(b []byte, v uint64) []byte {
	for shift := 7 * (bsuintLen(v) - 1); shift > 0; shift -= 7 {
		b = append(b, 0x80|byte(v>>shift))
	}
	return append(b, byte(v)&0x7f)
}

// bsuintLen returns the number of octets in the shortest form of v.
func bsuintLen(v uint64) int { return max(1, (bits.Len64(v)+6)/7) }

// DecodeBSUInt reads one integer from the start of b and returns its value and the
// number of octets it took. It accepts overlong forms, which begin with 80 (INT-3).
// The error is [ErrIncomplete] or, above 2^64−1, [ErrRange].
func DecodeBSUInt(b []byte) (v uint64, n int, err error) {
	for n < len(b) {
		octet := b[n]
		n++
		if v, err = shiftIn(v, octet); err != nil {
			return 0, n, err
		}
		if octet < 0x80 {
			return v, n, nil
		}
	}
	return 0, n, ErrIncomplete
}

// readBSUInt reads one integer from r and returns its value and the number of octets
// it took. At the end of r the error is [io.EOF], even inside an integer: n > 0 then.
func readBSUInt(r io.ByteReader) (v uint64, n int64, err error) {
	for {
		octet, err := r.ReadByte()
		if err != nil {
			return 0, n, err
		}
		n++
		if v, err = shiftIn(v, octet); err != nil || octet < 0x80 {
			return v, n, err
		}
	}
}

// shiftIn returns v with the seven low bits of octet appended, or [ErrRange].
func shiftIn(v uint64, octet byte) (uint64, error) {
	if v > math.MaxUint64>>7 {
		return 0, fmt.Errorf("%w: more than 64 bits", ErrRange)
	}
	return v<<7 | uint64(octet&0x7f), nil
}
