package main

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

func newEncode() *cobra.Command {
	var binary bool
	cmd := &cobra.Command{
		Use: "encode", Short: "Turn packets, as JSON lines, into octets", Args: cobra.NoArgs,
		Long: `Reads packets from the standard input, one JSON object a line, and writes their
octets: as a line of hex digits each or, with --binary, as they are.`,
		Example: `  echo '{"is_request":true,"channel":"5","tag":"300","flags":"7","rq_type":"2","payload":"68656c6c6f"}' |
    packetspec encode`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lines := bufio.NewScanner(cmd.InOrStdin())
			lines.Buffer(nil, 256<<20)
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
	cmd.Flags().BoolVar(&binary, "binary", false, "write the octets as they are, not in hex")
	return cmd
}

func encodeLine(line []byte) ([]byte, error) {
	var p adapter.Packet
	if err := json.Unmarshal(line, &p); err != nil {
		return nil, fmt.Errorf(`not a packet: %w (a packet is like {"is_request":false,"channel":"0","tag":"1","flags":"1","payload":"6869"})`, err)
	}
	return goreference.Implementation{}.Encode(p)
}
