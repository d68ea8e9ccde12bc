package inprocess

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/input"
)

// conversations returns inputs in which both users and the peer act. The vectors have
// packets of every form, but no local user, no held handler and no shutdown.
func conversations() [][]byte {
	var (
		eof       = input.Packet{IsRequest: true}.Octets()
		settle    = input.Step(input.Await, 0, nil)
		free      = input.Step(input.Release, 0, []byte("gate"))
		shutdown  = input.Step(input.Shutdown, 0, nil)
		blocking  = input.Step(input.Shutdown, input.Blocking, nil)
		onChannel = func(channel, wireType uint64) []byte {
			return input.Packet{IsRequest: true, Channel: channel, Tag: 1, Type: wireType}.Octets()
		}
		malformedEOF = func(tag, flags uint64, payload string) []byte {
			return input.Packet{IsRequest: true, Tag: tag, Flags: flags, Payload: []byte(payload)}.Octets()
		}
	)
	// A request of each type, the same without payload, many requests, and many that wait.
	var every, without, many, waiting [][]byte
	for kind := adapter.TypeNone; kind <= adapter.TypeInvalid; kind++ {
		if kind == adapter.TypeHold || kind == adapter.TypeCall {
			continue // these wait
		}
		payload := map[adapter.Type]string{adapter.TypeText: "grüße", adapter.TypeLarge: "300", adapter.TypeInvalid: "float"}[kind]
		every = append(every, rq(uint64(kind), kind, 5, cmp.Or(payload, "payload")))
		without = append(without, rq(uint64(kind), kind, 5, ""))
	}
	for tag := range uint64(200) {
		many = append(many, rq(tag, adapter.TypeBytes, 0, strings.Repeat("x", int(tag))))
	}
	for tag := range uint64(40) {
		waiting = append(waiting, held(tag))
	}
	var all [][]byte
	add := func(parts ...[]byte) { all = append(all, bytes.Join(parts, nil)) }

	// The handler's results.
	add(append(slices.Clip(every), eof)...)
	add(append(slices.Clip(without), eof)...)
	add(append(slices.Clip(many), eof)...)
	add(rq(1, adapter.TypeLarge, 0, "99999"), rq(2, adapter.TypeLarge, 0, "65536"), eof)
	add(input.Step(input.Options, input.NoHandler, nil), rq(1, adapter.TypeBytes, 0, "x"), local(0, 0), rs(0, 1, 1, "y"), eof)

	// The local user's requests, and how they end.
	add(local(0, 0), local(0, 5), rs(5, 2, 7, "five"), rs(0, 1, 7, "zero"), eof)
	add(local(0, 0), local(0, 5), rs(5, 1, 1, "no"), rs(0, 2, 1, "no"), rs(0, 1, 1, "a"), rs(5, 2, 1, "b"), eof)
	add(local(0, 0), local(0, 0), local(0, 0), rs(0, 3, 1, "3"), rs(0, 1, 1, "1"), rs(0, 2, 1, "2"), eof)
	for decoder := range uint64(len(input.Decoders)) {
		add(local(decoder, 0), local(decoder, 0), local(decoder, 0), local(decoder, 0),
			rs(0, 1, 7, "abc"), rs(0, 2, 6, "failed"), rs(0, 3, 7, ""), rs(0, 4, 6, ""), eof)
	}
	add(local(1, 0), local(0, 0), rs(0, 1, 7, "decoded"), rs(0, 2, 7, "plain"), eof)
	add(local(0, 0), rs(0, 9, 1, "stray"), rs(0, 1, 1, "a"), rs(0, 1, 1, "second"), settle, local(0, 0), rs(0, 2, 1, "c"), eof)
	add(rs(0, 1, 1, "stray"), rq(1, adapter.TypeBytes, 0, "a"), rq(1, adapter.TypeBytes, 0, "b"), local(2, 0))
	add(local(0, 0), local(0, 5), eof)
	add(local(0, 0), rs(0, 1, 1, "")[:2])
	add(local(0, 0), input.Step(input.Close, 0, nil))

	// Tags, in flight and free again.
	add(held(1), rq(1, adapter.TypeNone, 0, ""), rq(1, adapter.TypeNone, 0, ""), free, settle, rq(1, adapter.TypeBytes, 0, "again"), eof)
	add(held(1), rq(1, adapter.TypeHold, 0, "another gate"), []byte{0})
	add(rq(1, adapter.TypeBytes, 0, "a"), rq(1, adapter.TypeBytes, 0, "b"), rq(1, adapter.TypeFail, 0, "raises"), rq(1, adapter.TypeBytes, 0, "d"), eof)
	add(rq(1, adapter.TypeFlags, 0, "none"), rq(1, adapter.TypeFlags, 1, ""), rq(1, adapter.TypeFlags, 1, ""), rq(2, adapter.TypeBytes, 0, "a"), eof)
	add(local(0, 0), held(1), rs(0, 1, 1, "a"), free, eof)
	add(held(1), rq(2, adapter.TypeBytes, 0, "overtakes"), settle, free, eof)
	add(onChannel(5, 3), onChannel(5, 0), onChannel(5, 3), rq(1, adapter.TypeBytes, 0, "x"), eof)
	add(rq(1, adapter.TypeCall, 0, "nested"), rs(0, 1, 1, "reply"), settle, eof)
	add(rq(1, adapter.TypeCall, 0, "nested"), eof)

	// The end of the peer's stream, while something waits.
	add(held(1), rq(2, adapter.TypeBytes, 0, "b"), eof)
	add(append(slices.Clip(waiting), eof)...)
	add(local(0, 0), eof, rs(0, 1, 1, "late"), rq(1, adapter.TypeBytes, 0, "late"))
	add(held(1), local(0, 0), []byte{0})
	add(held(1), local(0, 0), malformedEOF(1, 0, ""))
	add(malformedEOF(0, 1, ""), rq(1, adapter.TypeBytes, 0, "late"))
	add(local(0, 0), malformedEOF(0, 0, "x"), rs(0, 1, 1, "late"))
	add(local(0, 0), rq(1, adapter.TypeBytes, 0, "half")[:4])

	// Shutdowns.
	add(held(1), shutdown, free, rq(2, adapter.TypeBytes, 0, "dropped"), local(0, 0), eof)
	add(held(1), local(0, 0), blocking, rs(0, 1, 1, "x"), free, local(0, 0), shutdown, eof)
	add(held(1), local(0, 0), blocking, eof)
	add(local(0, 0), blocking, eof)
	add(rq(1, adapter.TypeNone, 0, ""), rq(2, adapter.TypeNone, 0, ""), rq(3, adapter.TypeNone, 0, ""), rq(4, adapter.TypeNone, 0, ""), rq(5, adapter.TypeNone, 0, ""), shutdown, eof)
	add(append(slices.Clip(waiting), shutdown, free, eof)...)
	add(shutdown, shutdown, blocking, eof)
	add(held(1), shutdown, []byte{1, 0})
	add(held(1), shutdown, malformedEOF(1, 0, ""))
	return all
}

// rq returns a request of the peer to the standard handler.
func rq(tag uint64, kind adapter.Type, flags uint64, payload string) []byte {
	return input.Packet{IsRequest: true, Tag: tag, Type: kind.Wire(), Flags: flags, Payload: []byte(payload)}.Octets()
}

// held returns a request that is answered when the gate is released.
func held(tag uint64) []byte { return rq(tag, adapter.TypeHold, 0, "gate") }

// rs returns a response of the peer, with the flags of the wire.
func rs(channel, tag, flags uint64, payload string) []byte {
	return input.Packet{Channel: channel, Tag: tag, Flags: flags, Payload: []byte(payload)}.Octets()
}

// local returns a request of the local user with one of [input.Decoders].
func local(decoder, channel uint64) []byte {
	return input.Asks(input.Local{Type: 7, Flags: 3, Channel: channel, Payload: []byte("?")}, decoder)
}

// TestFaultyMutants plays the seeds on the second implementation with one fault at a time,
// at least one for each requirement that a fault of its own can show here. The seeds alone
// must show each of them. A fault that depends on the order of goroutines may need several
// rounds.
func TestFaultyMutants(t *testing.T) {
	seeds := slices.Concat(conversations(), corpus(t, "FuzzJudged"),
		vectorOctets(t, "packets.jsonl")[:40], vectorOctets(t, "decode.jsonl")[:40])
	const rounds = 5
	for _, fault := range []string{
		"int-little-endian", "int-overlong", "int-overlong-refused", "int-read-in-32-bits",
		"int-read-in-63-bits", "length-counts-itself", "word-bits-swapped", "channel-unwritten",
		"channel-0-written", "type-in-responses", "payload-cut-at-127", "rest-consumed",
		"channel-0-left-unread", "body-cut-accepted", "int-unfinished-accepted", "body-of-one-read",
		"equal-never", "equal-ignores-tag", "equal-compares-type-of-responses", "text-lower-case",
		"cancelled-is-a-failure", "end-of-octets-overlooked", "end-answered-by-close", "eof-missing",
		"packets-after-eof-taken", "end-drops-answers", "stream-left-open", "request-after-end-taken",
		"meo-ignored", "meo-on-any-channel", "meo-told-as-eof", "meo-dropped-after-shutdown",
		"request-after-shutdown-taken", "shutdown-drops-answers", "shutdown-drops-fifth",
		"second-shutdown-is-an-error", "shutdown-cancels-pending", "block-returns-at-once",
		"block-overlooks-cancellation", "shutdown-always-blocks", "shutdown-waits-for-handlers",
		"packets-after-shutdown-handled", "join-for-ever", "join-wakes-one", "end-always-told-as-eof",
		"join-tells-once", "malformed-skipped", "cut-overlooked", "malformed-told-as-eof",
		"huge-length-overlooked", "request-type-plain", "handler-gets-wire-type", "tag-from-0",
		"tag-constant", "tag-kept-after-failure", "duplicate-handled", "duplicate-reaches-handler",
		"duplicate-frees-tag", "tags-of-both-directions-clash", "channel-silence",
		"request-on-channel-0", "response-by-tag", "channel-not-offered-is-0",
		"channel-refused-without-name", "ok-inverted", "result-ok-inverted", "result-always-ok",
		"responses-first-in-first-out", "stray-ends-stream", "second-response-ends-stream",
		"decoder-ignored", "decoder-for-all", "decoder-error-swallowed", "decoder-for-failures",
		"answers-wait-for-handlers", "nested-refused", "full-pipe-drops-packets", "none-silence",
		"flags-as-text", "octets-none-fail", "text-in-utf-16", "both-without-flags", "raise-silence",
		"invalid-ok", "no-handler-ok", "one-handler", "never-flushed",
	} {
		t.Run(fault, func(t *testing.T) {
			faulty, err := mutant.New(fault)
			if err != nil {
				t.Fatal(err)
			}
			for _, seed := range slices.Concat(slices.Repeat([][][]byte{seeds}, rounds)...) {
				if (subject{faulty}).runJudged(seed, time.Second/2) != nil {
					return
				}
			}
			t.Errorf("expected a difference\ngot      none for any of %d seeds", len(seeds))
		})
	}
}
