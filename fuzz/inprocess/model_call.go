package inprocess

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/packetspec/packetspec/reference"
)

// A localCall is a request of the local user, what its answer should be, and what
// somebody who waits for it got.
type localCall struct {
	tag     uint64
	request reference.Request
	decodes int

	call   *reference.Call
	done   bool
	got    reference.Response
	gotErr error

	ended   bool
	want    reference.Response
	wantErr error
}

func (c *localCall) end(r reference.Response, err error) { c.ended, c.want, c.wantErr = true, r, err }

func (c *localCall) wait() {
	c.got, c.gotErr = c.call.Wait(context.Background())
	c.done = true
}

// check: its wait has ended if it was to end, as it was to end.
func (c *localCall) check() error {
	if c.done != c.ended {
		return breaks("RSP-2", "waiting for request %d", c.tag).expected("to have ended: %t", c.ended).got("%t", c.done)
	}
	if !c.done {
		return nil
	}
	while := breaks("RSP-2", "waiting for request %d", c.tag)
	if !isError(c.gotErr, c.wantErr) {
		return while.expected("error %v", c.wantErr).got("%v", c.gotErr)
	}
	if c.gotErr == nil && (c.got.OK != c.want.OK || c.got.Flags != c.want.Flags ||
		!bytes.Equal(c.got.Payload, c.want.Payload) || c.got.Value != c.want.Value) {
		return while.expected("%+v", c.want).got("%+v", c.got)
	}
	return nil
}

// checkSecondWait: an answer may be waited for again, and is decoded once.
func (c *localCall) checkSecondWait() error {
	c.wait()
	if c.decodes > 1 {
		return breaks("DCR-1", "waiting again for request %d", c.tag).
			expected("its answer to be decoded at most once").got("%d times", c.decodes)
	}
	return c.check()
}

// answer is what the wait for c ends with when the peer's answer is r.
func (c *localCall) answer(r reference.Response) {
	if !r.OK || c.request.Decode == nil {
		c.end(r, nil)
		return
	}
	value, err := decodeUnlessEmpty(r.Flags, r.Payload)
	r.Value = value
	c.end(r, err)
}

// counting makes c be decoded by decodeUnlessEmpty, and counts how often it is.
func (c *localCall) counting() {
	c.request.Decode = func(flags uint64, payload []byte) (any, error) {
		c.decodes++
		return decodeUnlessEmpty(flags, payload)
	}
}

// decodeUnlessEmpty is a decoder that uses both of its arguments, and can fail.
func decodeUnlessEmpty(flags uint64, payload []byte) (any, error) {
	if len(payload) == 0 {
		return nil, errDecoder
	}
	reversed := slices.Clone(payload)
	slices.Reverse(reversed)
	return [2]any{flags, string(reversed)}, nil
}

// isError reports whether got is of the kind of want, which may be nil or errMalformed.
func isError(got, want error) bool {
	if errors.Is(want, errMalformed) {
		return errors.As(got, new(*reference.MalformedError))
	}
	return errors.Is(got, want)
}

// What the model expects of an error where the reference has no value for it.
var (
	errMalformed = errors.New("any MalformedError")
	errDecoder   = errors.New("the decoder fails, as asked")
	errDeaf      = io.ErrClosedPipe // what writing says when the peer reads no more
)
