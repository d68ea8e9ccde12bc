package reference_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/reference"
)

func TestRequestOctets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		request(t, c, reference.Request{})
		p.expect("03 01 02 01") // tag 1, flags 0, wire type 0+1
		request(t, c, reference.Request{Type: 7, Flags: 0x55, Payload: []byte("hi")})
		p.expect("06 02 82 56 08 68 69") // tag 2, 55<<2|request, wire type 7+1
		request(t, c, reference.Request{Channel: 5, Type: 127})
		p.expect("05 03 03 05 81 00") // tag 3, request|channel, channel 5, wire type 128
	})
}

func TestRequestCopiesThePayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connectUnread(t, nil)
		payload := []byte("hi")
		request(t, c, reference.Request{Payload: payload})
		request(t, c, reference.Request{Payload: payload})
		copy(payload, "XX")
		go p.receive()
		p.expect("05 01 02 01 68 69", "05 02 02 01 68 69")
	})
}

func TestRequestOutOfRangeSendsNothing(t *testing.T) {
	const largest = reference.MaxInteger
	each(t, map[string]reference.Request{
		"type that leaves no room": {Type: largest},
		"largest type":             {Type: 1<<64 - 1},
		"flags":                    {Flags: largest + 1},
		"channel":                  {Channel: largest + 1},
	}, func(t *testing.T, r reference.Request) {
		c, p := connect(t, nil)
		_, err := c.Request(ctx, r)
		checkErr(t, "Request", err, reference.ErrRange)
		_, err = c.Do(ctx, r)
		checkErr(t, "Do", err, reference.ErrRange)
		p.expect()
		request(t, c, reference.Request{})
		p.expect("03 01 02 01") // the refused requests used no tag
	})
}

func TestLargestRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const largest = reference.MaxInteger
		c, p := connect(t, nil)
		request(t, c, reference.Request{Type: largest - 1, Flags: largest, Channel: largest})
		p.expect("1c 01", "ff ff ff ff ff ff ff ff 7f", maxInteger, maxInteger)
	})
}

func TestResponses(t *testing.T) {
	type response struct {
		octets string // to tag 1
		want   string
	}
	each(t, map[string]response{
		"empty":               {"02 01 04", `ok=true flags=0x0 payload=""`},
		"flags":               {"03 01 85 2c", `ok=true flags=0x55 payload=""`}, // ab<<2
		"payload":             {"04 01 04 68 69", `ok=true flags=0x0 payload="hi"`},
		"failure":             {"04 01 00 6e 6f", `ok=false flags=0x0 payload="no"`},
		"failure with flags":  {"03 01 18 78", `ok=false flags=0x3 payload="x"`}, // packet flags 6
		"channel 0 written":   {"03 01 05 00", `ok=true flags=0x0 payload=""`},
		"overlong everywhere": {"80 05 80 01 80 80 04", `ok=true flags=0x0 payload=""`},
	}, func(t *testing.T, r response) {
		c, p := connect(t, nil)
		call := request(t, c, reference.Request{})
		p.send(r.octets)
		checkAnswer(t, call, r.want)
		checkAnswer(t, call, r.want) // a second Wait returns the same
	})
}

func TestResponsesInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		first, second, third := request(t, c, reference.Request{}), request(t, c, reference.Request{}), request(t, c, reference.Request{})
		p.send("03 03 04 63" + "03 01 04 61" + "03 02 04 62")
		checkAnswer(t, first, `ok=true flags=0x0 payload="a"`)
		checkAnswer(t, second, `ok=true flags=0x0 payload="b"`)
		checkAnswer(t, third, `ok=true flags=0x0 payload="c"`)
	})
}

// A response to no pending request is ignored, and changes nothing.
func TestResponseToNoRequest(t *testing.T) {
	each(t, map[string]string{
		"unknown tag":     "02 02 04",
		"tag 0":           "02 00 04",
		"unknown channel": "03 01 05 05",
		"a failure":       "06 09 00 6e 6f 6e 65",
	}, func(t *testing.T, octets string) {
		c, p := connect(t, nil)
		call := request(t, c, reference.Request{})
		p.send(octets)
		p.send("03 01 04 61")
		checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
		p.send("03 01 04 62") // a second answer
		checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
		p.expect("03 01 02 01")
	})
}

func TestResponseOnTheRequestsChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		call := request(t, c, reference.Request{Channel: 5})
		p.send("03 01 04 61") // channel 0
		p.send("04 01 05 05 62")
		checkAnswer(t, call, `ok=true flags=0x0 payload="b"`)
	})
}

func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		returned := background(func() {
			got, err := c.Do(ctx, reference.Request{Type: 1})
			checkErr(t, "Do", err, nil)
			check(t, "response", show(got), `ok=true flags=0x0 payload="a"`)
		})
		p.expect("03 01 02 02")
		check(t, "Do returned before the answer", returned(), false)
		p.send("03 01 04 61")
		check(t, "Do returned after it", returned(), true)
	})
}

func TestContextEndsTheWaitButNotTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		call := request(t, c, reference.Request{})
		soon, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := call.Wait(soon)
		checkErr(t, "Wait", err, context.DeadlineExceeded)
		_, err = c.Do(soon, reference.Request{})
		checkErr(t, "Do", err, context.DeadlineExceeded)
		p.send("03 01 04 61")
		checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
	})
}

// Wait returns a response that has arrived, even if its context has ended.
func TestResponseBeforeTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		call := request(t, c, reference.Request{})
		p.send("03 01 04 61")
		synctest.Wait()
		ended, cancel := context.WithCancel(ctx)
		cancel()
		for range 100 {
			if _, err := call.Wait(ended); err != nil {
				t.Fatalf("Wait: got error %v, expected the answer", err)
			}
		}
	})
}

// decoding returns a request whose decoder counts its calls.
func decoding(calls *int, value any, err error) reference.Request {
	return reference.Request{Decode: func(flags uint64, payload []byte) (any, error) {
		*calls++
		if flags != 0x55 || string(payload) != "hi" {
			return nil, errors.New("not the response's flags and payload")
		}
		return value, err
	}}
}

func TestDecoder(t *testing.T) {
	bad := errors.New("bad payload")
	type decoder struct {
		octets string
		err    error // of the decoder
		calls  int
		value  any
		want   error
	}
	each(t, map[string]decoder{
		"ok response":      {"05 01 85 2c 68 69", nil, 1, 42, nil}, // flags 55<<1|ok, "hi"
		"failure response": {"05 01 85 28 68 69", nil, 0, nil, nil},
		"its error":        {"05 01 85 2c 68 69", bad, 1, nil, bad},
	}, func(t *testing.T, d decoder) {
		calls := 0
		c, p := connect(t, nil)
		call := request(t, c, decoding(&calls, 42, d.err))
		p.send(d.octets)
		for range 3 {
			got, err := call.Wait(ctx)
			checkErr(t, "Wait", err, d.want)
			var decodeErr *reference.DecodeError
			check(t, "error is a *DecodeError", errors.As(err, &decodeErr), d.want != nil)
			check(t, "value", got.Value, d.value)
			check(t, "calls of the decoder", calls, d.calls)
		}
	})
}

func TestDecoderIsNotCalledForACancelledRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c, p := connect(t, nil)
		call := request(t, c, decoding(&calls, 42, nil))
		p.send(eof)
		checkCancelled(t, call)
		check(t, "calls of the decoder", calls, 0)
	})
}

func TestSlowDecoderDelaysNoOtherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		c, p := connect(t, nil)
		slow := request(t, c, reference.Request{Decode: func(uint64, []byte) (any, error) { <-hold; return nil, nil }})
		quick := request(t, c, reference.Request{})
		p.send("02 01 04" + "03 02 04 61")
		returned := background(func() { _, _ = slow.Wait(ctx) })
		check(t, "slow Wait returned", returned(), false)
		checkAnswer(t, quick, `ok=true flags=0x0 payload="a"`)
		close(hold)
		check(t, "slow Wait returned", returned(), true)
	})
}
