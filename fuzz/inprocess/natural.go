package inprocess

import (
	"math/big"
	"math/bits"
)

// A natural is an integer from 0 up, without bound. The protocol's are nearly always
// small, and the oracle reads many; only one of 2^64 or more is a big.Int.
type natural struct {
	small uint64
	large *big.Int // nil: small is the value
}

func nat(v uint64) natural { return natural{small: v} }

// natOf is v, which is not negative, in the one form it has.
func natOf(v *big.Int) natural {
	if v.IsUint64() {
		return nat(v.Uint64())
	}
	return natural{large: v}
}

func (n natural) big() *big.Int {
	if n.large != nil {
		return n.large
	}
	return new(big.Int).SetUint64(n.small)
}

// timesPlus is n * factor + term.
func (n natural) timesPlus(factor, term uint64) natural {
	if n.large == nil {
		high, low := bits.Mul64(n.small, factor)
		sum, carry := bits.Add64(low, term, 0)
		if high+carry == 0 {
			return nat(sum)
		}
	}
	v := new(big.Int).Mul(n.big(), new(big.Int).SetUint64(factor))
	return natOf(v.Add(v, new(big.Int).SetUint64(term)))
}

// divide is n / divisor and what remains.
func (n natural) divide(divisor uint64) (quotient natural, rest uint64) {
	if n.large == nil {
		return nat(n.small / divisor), n.small % divisor
	}
	q, r := new(big.Int).DivMod(n.large, new(big.Int).SetUint64(divisor), new(big.Int))
	return natOf(q), r.Uint64()
}

// bits is how many bits n has.
func (n natural) bits() int {
	if n.large != nil {
		return n.large.BitLen()
	}
	return bits.Len64(n.small)
}

func (n natural) isZero() bool { return n.large == nil && n.small == 0 }

// is reports whether n is v.
func (n natural) is(v uint64) bool { return n.large == nil && n.small == v }

// over reports whether n is more than v.
func (n natural) over(v uint64) bool { return n.large != nil || n.small > v }

func (n natural) String() string { return n.big().String() }
