package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/reference"
)

func newDecode() *cobra.Command {
	var binary bool
	var format string
	cmd := &cobra.Command{
		Use: "decode [HEX...]", Short: "Decode octets into packets, as JSON lines",
		Long: `Reads octets and writes the packets that they encode. The octets are hex, from the
arguments or the standard input or, with --binary, raw from the standard input. The
packets are JSON lines or, with --format text, lines with the offset of each.

Exit status: 0 if all octets are packets; 1 if not, with the offset of the first that
is not.`,
		Example: `  packetspec decode 0a822c1f050268656c6c6f`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--format", format, "json", "text"); err != nil {
				return err
			}
			in := cmd.InOrStdin()
			if len(args) > 0 {
				if binary {
					return hint.Add(fmt.Errorf("the argument is %q: with --binary the octets must come from the standard input", args[0]), "packetspec decode %s", strings.Join(args, " "))
				}
				in = strings.NewReader(strings.Join(args, ""))
			}
			if !binary {
				in = hex.NewDecoder(&noSpace{in})
			}
			write := writeJSONLine
			if format == "text" {
				write = writeTextLine
			}
			return decodeStream(in, bufio.NewWriter(cmd.OutOrStdout()), write)
		},
	}
	cmd.Flags().BoolVar(&binary, "binary", false, "read raw octets, not hex")
	cmd.Flags().StringVar(&format, "format", "json", "json or text")
	return cmd
}

func writeJSONLine(w io.Writer, _ int64, p reference.Packet) error {
	return json.NewEncoder(w).Encode(goreference.FromPacket(p))
}

func writeTextLine(w io.Writer, offset int64, p reference.Packet) error {
	note := ""
	if p.IsEOF() {
		note = "  EOF"
	} else if p.IsRequest {
		note = fmt.Sprintf("  wire type %d", p.Type)
	}
	_, err := fmt.Fprintf(w, "%8d  %v%s\n", offset, p, note)
	return err
}

// decodeStream writes the packets of a stream, each with its offset. All that precede an error are written.
func decodeStream(in io.Reader, out *bufio.Writer, write func(io.Writer, int64, reference.Packet) error) error {
	r := reference.NewReader(in, reference.DefaultMaxPacket)
	for {
		offset := r.Offset()
		p, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out.Flush()
		case errors.Is(err, reference.ErrCut):
			err = reference.ErrIncomplete // there is no connection here that would need an EOF packet
		}
		if err != nil {
			if flushErr := out.Flush(); flushErr != nil {
				return flushErr
			}
			return &statusError{statusNot, fmt.Errorf("octet %d: %w", offset, err)}
		}
		if err := write(out, offset, p); err != nil {
			return &statusError{statusNot, err}
		}
	}
}

// A noSpace is a reader without the white space of another.
type noSpace struct{ r io.Reader }

func (n *noSpace) Read(b []byte) (int, error) {
	for {
		read, err := n.r.Read(b)
		kept := bytes.Map(func(c rune) rune {
			if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
				return -1
			}
			return c
		}, b[:read])
		copy(b, kept)
		if len(kept) > 0 || err != nil || len(b) == 0 {
			return len(kept), err
		}
	}
}
