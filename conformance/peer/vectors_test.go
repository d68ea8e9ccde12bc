package peer_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/features"
)

// A vector is a row of a file of vectors; each file has some of the fields.
type vector struct {
	Hex       string
	Value     string
	Packet    *packet
	Consumed  *int
	Reencoded *string
	Error     string
	A, B      *packet
	Equal     bool
}

// A packet is a packet in the form of the vectors.
type packet struct {
	IsRequest           bool `json:"is_request"`
	Channel, Tag, Flags string
	RqType              *string `json:"rq_type"`
	Payload             string
}

// vectors reads the rows of a file of vectors.
func vectors(t *testing.T, file string) (rows []vector) {
	t.Helper()
	content, err := features.FS.ReadFile("vectors/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(content), []byte("\n")) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s:%d: %v", file, i+1, err)
		}
		rows = append(rows, v)
	}
	if len(rows) < 10 {
		t.Fatalf("%s: got %d rows, expected some", file, len(rows))
	}
	return rows
}

func (v *packet) packet(t *testing.T) peer.Packet {
	t.Helper()
	p := peer.Packet{
		IsRequest: v.IsRequest, Channel: integer(t, v.Channel), Tag: integer(t, v.Tag),
		Flags: integer(t, v.Flags), Payload: octets(t, v.Payload),
	}
	if v.RqType != nil {
		p.Type = integer(t, *v.RqType)
	}
	return p
}

func TestPacketVectors(t *testing.T) {
	for _, file := range []string{"packets.jsonl", "packets-beyond-61-bits.jsonl"} {
		t.Run(file, func(t *testing.T) {
			for i, v := range vectors(t, file) {
				want := v.Packet.packet(t)
				if got := hex.EncodeToString(want.Encode()); got != v.Hex {
					t.Errorf("row %d: encoded %s, expected %s", i+1, got, v.Hex)
				}
				got, n, err := peer.Decode(octets(t, v.Hex+"ff"))
				if err != nil || n != len(v.Hex)/2 || !got.Same(want) {
					t.Errorf("row %d: decoded %v of %d octets, %v, expected %v", i+1, got, n, err, want)
				}
			}
		})
	}
}

func TestDecodeVectors(t *testing.T) {
	refused := 0
	for i, v := range vectors(t, "decode.jsonl") {
		got, n, err := peer.Decode(octets(t, v.Hex))
		switch {
		case v.Error != "":
			refused++
			if err == nil {
				t.Errorf("row %d: decoded %v, expected the error %s", i+1, got, v.Error)
			}
			continue
		case err != nil:
			t.Errorf("row %d: got the error %v, expected %v", i+1, err, v.Packet)
			continue
		}
		if want := v.Packet.packet(t); !got.Same(want) || n != *v.Consumed {
			t.Errorf("row %d: decoded %v of %d octets, expected %v of %d", i+1, got, n, want, *v.Consumed)
		}
		if again := hex.EncodeToString(got.Encode()); v.Reencoded != nil && again != *v.Reencoded {
			t.Errorf("row %d: encoded again %s, expected %s", i+1, again, *v.Reencoded)
		}
	}
	if refused == 0 {
		t.Error("no row is refused")
	}
}

func TestEqualVectors(t *testing.T) {
	for i, v := range vectors(t, "equal.jsonl") {
		a, b := v.A.packet(t), v.B.packet(t)
		if a.Same(b) != v.Equal || b.Same(a) != v.Equal {
			t.Errorf("row %d: %v and %v: the same is %t, %t, expected %t", i+1, a, b, a.Same(b), b.Same(a), v.Equal)
		}
	}
}

// TestIntegerVectors encodes and decodes each integer as the tag of an empty response.
func TestIntegerVectors(t *testing.T) {
	beyond := 0
	for i, v := range vectors(t, "bsuint.jsonl") {
		p := peer.Packet{Tag: integer(t, v.Value)}
		if p.Tag.Cmp(new(big.Int).Lsh(big.NewInt(1), 64)) >= 0 {
			beyond++
		}
		body := append(octets(t, v.Hex), 0)
		want := append([]byte{byte(len(body))}, body...)
		if got := p.Encode(); !bytes.Equal(got, want) {
			t.Errorf("row %d: encoded % x, expected % x", i+1, got, want)
		}
		if got, _, err := peer.Decode(want); err != nil || !got.Same(p) {
			t.Errorf("row %d: decoded %v, %v, expected %v", i+1, got, err, p)
		}
	}
	if beyond == 0 {
		t.Error("no integer is beyond 64 bits")
	}
}
