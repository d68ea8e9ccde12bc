package inprocess

import (
	"context"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// Session takes data as a program: how many handlers each of two connected peers has,
// and then operations of their users, one after the other. After each, both peers have
// done all that a simple model says, and nothing else; in the end everything ends.
func Session(data []byte) error { return opener(reference.New).sessionTarget(data, patience) }

func (open opener) sessionTarget(data []byte, limit time.Duration) error {
	return guarded(limit, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, limit/2) // to tell what has not happened
		defer cancel()
		handlers, program := decodeProgram(data)
		s := newSession(open, handlers, nil, ctx.Done(), reference.WithGrace(0))
		defer s.tearDown()
		for _, o := range program {
			if err := s.do(o); err != nil {
				return err
			}
		}
		return s.finish()
	})
}

// maxProgram is how many operations of a program count.
const maxProgram = 64

// decodeProgram makes a program of any octets: one for the handlers, then one for each
// operation and its side, and for a request two more. What is missing is zero.
func decodeProgram(data []byte) (handlers [2]int, program []operation) {
	next := func() (octet byte) {
		if len(data) > 0 {
			octet, data = data[0], data[1:]
		}
		return octet
	}
	first := next()
	handlers = [2]int{int(first % 4), int(first / 4 % 4)}
	for len(data) > 0 && len(program) < maxProgram {
		octet := next()
		o := operation{kind: kinds[octet%16], side: int(octet / 16 % 2), which: int(octet / 32)}
		if o.kind == request {
			o.ask = decodeAsking(next(), next())
		}
		program = append(program, o)
	}
	return handlers, program
}

// kinds are the operations by their number: more of what leaves more to happen.
var kinds = [16]kind{
	request, request, request, request, request, request, release, release,
	release, release, hold, letGo, shutDown, block, sever, abandon,
}

func decodeAsking(how, what byte) asking {
	all := plans()
	a := asking{
		rqType: uint64(what % 16), flags: uint64(what / 16), atOnce: how&0x10 != 0, decode: how&0x20 != 0,
		plan: all[int(how%16)%len(all)],
	}
	if how >= 0xc0 {
		a.channel = 5
	}
	return a
}
