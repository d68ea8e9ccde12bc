package inprocess

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"testing"
)

// vectors is where what the original was observed to do is written down.
const vectors = "../../features/vectors"

// A vector is one line of a file of vectors; each file has some of the fields.
type vector struct {
	Hex       hexOctets     `json:"hex"`
	Value     string        `json:"value"`
	Packet    *vectorPacket `json:"packet"`
	Consumed  int           `json:"consumed"`
	Reencoded hexOctets     `json:"reencoded"`
	Error     string        `json:"error"`
}

// A vectorPacket has its integers in decimal; a response has no rq_type.
type vectorPacket struct {
	IsRequest bool      `json:"is_request"`
	Channel   string    `json:"channel"`
	Tag       string    `json:"tag"`
	Flags     string    `json:"flags"`
	Type      string    `json:"rq_type"`
	Payload   hexOctets `json:"payload"`
}

type hexOctets []byte

func (h *hexOctets) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func (p vectorPacket) oracle() oraclePacket {
	integer := func(decimal string) natural {
		v, _ := new(big.Int).SetString("0"+decimal, 10)
		return natOf(v)
	}
	return oraclePacket{
		isRequest: p.IsRequest, channel: integer(p.Channel), tag: integer(p.Tag),
		flags: integer(p.Flags), rqType: integer(p.Type), payload: p.Payload,
	}
}

// readVectors reads the lines of one file. That there are none is a failure: whoever
// asks for vectors must not pass for the lack of them.
func readVectors(tb testing.TB, file string) (lines []vector) {
	tb.Helper()
	octets, err := os.ReadFile(filepath.Join(vectors, file))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range bytes.Lines(octets) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			tb.Fatalf("%s, line %d: %v", file, len(lines)+1, err)
		}
		lines = append(lines, v)
	}
	if len(lines) == 0 {
		tb.Fatalf("%s: got no vectors, expected some", file)
	}
	return lines
}
