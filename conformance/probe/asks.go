package probe

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/internal/hint"
)

// mostInteger is the greatest integer that every implementation has to represent (INT-4).
var mostInteger = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 61), big.NewInt(1))

// mostPayload bounds the payload of a request that may be sent, in octets. Examinations and campaigns send
// many of them.
const mostPayload = 4096

// ParseAsk reads a request that may be sent, as --ask gives it: TYPE[:FLAGS[:HEX]]. The type is the
// requester's, one less than on the wire.
func ParseAsk(text string) (a steps.Ask, err error) {
	fail := func(what string) (steps.Ask, error) {
		return steps.Ask{}, hint.Add(fmt.Errorf("--ask is %q: %s", text, what), "--ask 7:0:6869 asks for type 7, with flags 0 and the payload \"hi\"")
	}
	fields := strings.SplitN(text, ":", 3)
	if a.Type, err = parseInteger(fields[0], -1); err != nil {
		return fail("the type " + err.Error())
	}
	if len(fields) > 1 {
		if a.Flags, err = parseInteger(fields[1], 0); err != nil {
			return fail("the flags " + err.Error())
		}
	}
	if len(fields) > 2 {
		if a.Payload, err = parseHex(fields[2]); err != nil {
			return fail(err.Error())
		}
	}
	return a, nil
}

// ParseExpectation reads an answer, as --expect gives it: any, ok[:FLAGS[:HEX]] or failed[:FLAGS[:HEX]].
func ParseExpectation(text string) (*steps.Expectation, error) {
	fail := func(what string) (*steps.Expectation, error) {
		return nil, hint.Add(fmt.Errorf("--expect is %q: %s", text, what), "--expect ok:0:6869 expects an ok response with flags 0 and the payload \"hi\"; any, ok and failed expect less")
	}
	fields := strings.SplitN(text, ":", 3)
	e := &steps.Expectation{OK: fields[0] == "ok"}
	switch {
	case text == "any":
		return nil, nil //nolint:nilnil // nothing is expected
	case !e.OK && fields[0] != "failed":
		return fail("it must begin with any, ok or failed")
	}
	var err error
	if len(fields) > 1 && fields[1] != "" {
		if e.Flags, err = parseInteger(fields[1], 0); err != nil {
			return fail("the flags " + err.Error())
		}
	}
	if len(fields) > 2 {
		payload, err := parseHex(fields[2])
		if err != nil {
			return fail(err.Error())
		}
		e.Payload = &payload
	}
	return e, nil
}

// parseInteger reads a decimal or hexadecimal number of at most [mostInteger], and that much less.
func parseInteger(text string, less int64) (*big.Int, error) {
	most := new(big.Int).Add(mostInteger, big.NewInt(less))
	v, ok := new(big.Int).SetString(text, 0)
	if !ok || v.Sign() < 0 || v.Cmp(most) > 0 || strings.Contains(text, "_") {
		return nil, fmt.Errorf("must be a number from 0 to %s", most)
	}
	return v, nil
}

func parseHex(text string) ([]byte, error) {
	octets, err := hex.DecodeString(text)
	if err != nil {
		return nil, errors.New("the payload must be hex digits, two an octet")
	}
	if len(octets) > mostPayload {
		return nil, fmt.Errorf("the payload has %d octets, and may have %d", len(octets), mostPayload)
	}
	return octets, nil
}
