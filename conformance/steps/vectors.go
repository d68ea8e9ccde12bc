package steps

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/features"
)

// vector is one row of a file of vectors. Each file has some of the fields.
type vector struct {
	Hex      adapter.Hex     `json:"hex"`
	Value    adapter.Integer `json:"value"`
	Packet   *adapter.Packet `json:"packet"`
	Consumed int             `json:"consumed"`
	Error    adapter.Kind    `json:"error"`
	String   string          `json:"string"`
	A        *adapter.Packet `json:"a"`
	B        *adapter.Packet `json:"b"`
	Equal    bool            `json:"equal"`
}

func readVectors(file string) ([]vector, error) {
	content, err := features.FS.ReadFile("vectors/" + file)
	if err != nil {
		return nil, mistake("%v", err)
	}
	var vectors []vector
	for i, line := range bytes.Split(bytes.TrimSpace(content), []byte("\n")) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, mistake("%s:%d: %v", file, i+1, err)
		}
		vectors = append(vectors, v)
	}
	return vectors, nil
}

// eachVector sends the command of each row, all at once, and checks each reply. It fails
// with the first wrong row and the number of wrong rows.
func (w *World) eachVector(file string, command func(vector) (adapter.Message, bool), check func(vector, adapter.Reply, error) error) error {
	vectors, err := readVectors(file)
	if err != nil {
		return err
	}
	pending := map[int]*adapter.Pending{} // by row
	for i, v := range vectors {
		if m, ok := command(v); ok {
			pending[i] = w.Session.Send(m)
		}
	}
	if len(pending) == 0 {
		return mistake("no row of %s fits this step", file)
	}
	var first *Failure
	failed := 0
	for _, i := range slices.Sorted(maps.Keys(pending)) {
		r, err := w.await(pending[i])
		if err != nil && kindOf(err) == "" {
			return err
		}
		var f *Failure
		switch err = check(vectors[i], r, err); {
		case err == nil:
			continue
		case !errors.As(err, &f):
			return err
		case first == nil:
			first = &Failure{Expected: fmt.Sprintf("row %d of %s: %s", i+1, file, f.Expected), Actual: f.Actual}
		}
		failed++
	}
	if first != nil {
		first.Actual += fmt.Sprintf(" (%d of %d rows are wrong)", failed, len(pending))
		return first
	}
	return nil
}

func encodeVector(v vector) (adapter.Message, bool) {
	return adapter.Message{Op: adapter.OpEncode, Packet: v.Packet}, v.Packet != nil
}

func decodeVector(v vector) (adapter.Message, bool) {
	return adapter.Message{Op: adapter.OpDecode, Bytes: &v.Hex}, true
}

func (w *World) expectVectorsEncode(file, exactly string) error {
	return w.eachVector(file, encodeVector, func(v vector, r adapter.Reply, err error) error {
		if err != nil {
			return replyFailure(describe(v.Hex), err)
		}
		return compare(exactly, v.Hex, *r.Bytes)
	})
}

func (w *World) expectVectorsDecode(file string) error {
	return w.eachVector(file, decodeVector, func(v vector, r adapter.Reply, err error) error {
		kind := kindOf(err)
		switch {
		case v.Error == "" && err != nil:
			return replyFailure(describe(v.Hex), err)
		case v.Error == "":
			return sameDecoded(v, r)
		case err == nil:
			return failf(peer.ShowHex(v.Hex)+" to be refused", "a packet of %d octets", *r.Consumed)
		case kind != adapter.Incomplete && kind != adapter.Malformed:
			return failf(peer.ShowHex(v.Hex)+" to be refused as incomplete or malformed", "the error %v", err)
		}
		return nil
	})
}

// sameDecoded requires that a reply decodes the row's packet. A row of whole packets has no
// number of octets consumed: it is their length.
func sameDecoded(v vector, r adapter.Reply) error {
	want, err := fromAdapter(*v.Packet)
	if err != nil {
		return err
	}
	return checkDecoded(want, cmp.Or(v.Consumed, len(v.Hex)), r)
}

func (w *World) expectVectorsEqual(file string) error {
	return w.eachVector(file, func(v vector) (adapter.Message, bool) {
		return adapter.Message{Op: adapter.OpEqual, A: v.A, B: v.B}, true
	}, func(v vector, r adapter.Reply, err error) error {
		return checkEqual(v.Equal, r, err)
	})
}

func (w *World) expectVectorsText(file string) error {
	return w.eachVector(file, func(v vector) (adapter.Message, bool) {
		return adapter.Message{Op: adapter.OpString, Packet: v.Packet}, true
	}, func(v vector, r adapter.Reply, err error) error {
		return checkText(v.String, r, err)
	})
}

func (w *World) expectVectorsInteger(file string, limit *big.Int) error {
	inPacket := func(v vector) []byte {
		return append(append([]byte{byte(len(v.Hex) + 1)}, v.Hex...), 0)
	}
	packet := func(v vector) (peer.Packet, bool) {
		tag, err := parseInteger(string(v.Value))
		return peer.Packet{Tag: tag}, err == nil && tag.Cmp(limit) < 0
	}
	err := w.eachVector(file, func(v vector) (adapter.Message, bool) {
		octets := adapter.Hex(inPacket(v))
		_, ok := packet(v)
		return adapter.Message{Op: adapter.OpDecode, Bytes: &octets}, ok
	}, func(v vector, r adapter.Reply, err error) error {
		p, _ := packet(v)
		if err != nil {
			return replyFailure(p.String(), err)
		}
		return checkDecoded(p, len(inPacket(v)), r)
	})
	if err != nil {
		return err
	}
	return w.eachVector(file, func(v vector) (adapter.Message, bool) {
		p, ok := packet(v)
		return adapter.Message{Op: adapter.OpEncode, Packet: toAdapter(p)}, ok
	}, func(v vector, r adapter.Reply, err error) error {
		if err != nil {
			return replyFailure(describe(inPacket(v)), err)
		}
		return samePacket(inPacket(v), *r.Bytes)
	})
}

func (w *World) expectVectorsExactOrRefused(file string) error {
	err := w.eachVector(file, decodeVector, func(v vector, r adapter.Reply, refusal error) error {
		if refusal == nil {
			return sameDecoded(v, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.eachVector(file, encodeVector, func(v vector, r adapter.Reply, refusal error) error {
		if refusal == nil {
			return samePacket(v.Hex, *r.Bytes)
		}
		return nil
	})
}
