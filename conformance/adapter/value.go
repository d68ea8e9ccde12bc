package adapter

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
)

// An Integer is a protocol integer (tag, flags, channel, rq_type): in JSON a string
// of decimal digits, because JSON numbers lose precision and the protocol's have
// no upper bound. It is held in its canonical form, without leading zeros; the empty
// Integer is an absent one.
type Integer string

// Int makes an Integer of v.
func Int(v uint64) Integer { return Integer(strconv.FormatUint(v, 10)) }

// Uint64 is the value of i; absent is 0. The error says that it does not fit.
func (i Integer) Uint64() (uint64, error) {
	if i == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(string(i), 10, 64)
	if err != nil {
		return 0, Errorf(Invalid, "integer %s does not fit into 64 bits without a sign", i)
	}
	return v, nil
}

// UnmarshalJSON takes a string of decimal digits, with a sign or without, and null as
// an absent integer.
func (i *Integer) UnmarshalJSON(b []byte) error {
	if isNull(b) {
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("got %s: a protocol integer is a string of decimal digits, like \"300\"", b)
	}
	v, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return fmt.Errorf("got %q: a protocol integer is a string of decimal digits, like \"300\"", s)
	}
	*i = Integer(v.String())
	return nil
}

// isNull reports whether b is JSON's null, which by Go's custom changes nothing: some
// languages write absent fields so.
func isNull(b []byte) bool { return string(b) == "null" }

// Hex is octets: in JSON a string of lowercase hex digits.
type Hex []byte

// MarshalJSON writes lowercase hex digits.
func (h Hex) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

// UnmarshalJSON takes hex digits, two an octet, and null as absent octets.
func (h *Hex) UnmarshalJSON(b []byte) error {
	if isNull(b) {
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("got %s: octets are a string of hex digits, like \"68656c6c6f\"", b)
	}
	octets, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("got %q: octets are a string of hex digits, two an octet: %w", s, err)
	}
	*h = octets
	return nil
}
