package main

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/internal/hint"
)

// maxLine is the longest line that encode reads, in bytes. A packet of the size that decode
// accepts fits in, with its payload in hex.
const maxLine = 256 << 20

func newEncode() *cobra.Command {
	var binary bool
	cmd := &cobra.Command{
		Use: "encode", Short: "Encode packets, as JSON lines, into octets", Args: noArguments,
		Long: `Reads packets from the standard input, one JSON object a line, and writes the octets
of each: as a line of hex or, with --binary, raw.`,
		Example: `  echo '{"is_request":true,"channel":"5","tag":"300","flags":"7","rq_type":"2","payload":"68656c6c6f"}' |
    packetspec encode`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lines := bufio.NewScanner(cmd.InOrStdin())
			lines.Buffer(nil, maxLine)
			out := bufio.NewWriter(cmd.OutOrStdout())
			defer func() { _ = out.Flush() }()
			for n := 1; lines.Scan(); n++ {
				octets, err := encodeLine(lines.Bytes())
				if err != nil {
					return &statusError{statusNot, fmt.Errorf("line %d: %w", n, err)}
				}
				if binary {
					_, _ = out.Write(octets)
				} else {
					_, _ = fmt.Fprintf(out, "%x\n", octets)
				}
			}
			if err := lines.Err(); err != nil {
				return &statusError{statusNot, err}
			}
			return out.Flush()
		},
	}
	cmd.Flags().BoolVar(&binary, "binary", false, "write raw octets, not hex")
	return cmd
}

func encodeLine(line []byte) ([]byte, error) {
	var p adapter.Packet
	if err := json.Unmarshal(line, &p); err != nil {
		return nil, hint.Add(fmt.Errorf("not a packet: %w", err), `{"is_request":false,"channel":"0","tag":"1","flags":"1","payload":"6869"}`)
	}
	return goreference.Implementation{}.Encode(p)
}
