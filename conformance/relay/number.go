package relay

import "math/bits"

// A Number is an integer of a packet, as it stands on the wire. Two equal Numbers have the same value,
// if their octets are equal in number.
type Number struct {
	low    uint64 // the value, modulo 2^64
	high   uint64 // a hash of what is above 64 bits; 0 if nothing is
	octets int    // on the wire
	bits   int    // of the value
}

// hashFactor spreads the groups of an integer above 64 bits; any large odd number does.
const hashFactor = 0x9e3779b97f4a7c15

// add appends the group of seven bits in an octet.
func (n *Number) add(octet byte) {
	if out := n.low >> 57; out != 0 || n.high != 0 {
		n.high = n.high*hashFactor + out + 1
	}
	group := octet & 0x7f
	if n.bits > 0 {
		n.bits += 7
	} else {
		n.bits = bits.Len8(group)
	}
	n.low = n.low<<7 | uint64(group)
	n.octets++
}

// Octets returns how many octets the integer takes on the wire.
func (n Number) Octets() int { return n.octets }

// Uint64 returns the value. If it has more than 64 bits, ok is false.
func (n Number) Uint64() (value uint64, ok bool) { return n.low, n.bits <= 64 }

// is reports whether the value is v.
func (n Number) is(v uint64) bool { return n.bits <= 64 && n.low == v }

// overlong reports whether the integer has a shorter form. (INT-2)
func (n Number) overlong() bool { return n.octets > max(1, (n.bits+6)/7) }

// value is the value of a Number, without its octets.
type value struct{ low, high uint64 }

func (n Number) value() value { return value{n.low, n.high} }
