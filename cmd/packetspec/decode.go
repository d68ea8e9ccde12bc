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
	"github.com/packetspec/packetspec/reference"
)

func newDecode() *cobra.Command {
	var binary bool
	var format string
	cmd := &cobra.Command{
		Use: "decode [HEX...]", Short: "Turn octets into packets, as JSON lines",
		Long: `Reads octets, in hex from the arguments or the standard input, or with --binary
as they are from the standard input, and writes the packets in them: as JSON lines
or, with --format text, with the place of each in the stream. Where the octets stop
being packets it says so, and ends with status 1.`,
		Example: `  packetspec decode 0a822c1f050268656c6c6f`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in := cmd.InOrStdin()
			if len(args) > 0 {
				if binary {
					return errors.New("--binary reads the standard input: it takes no HEX")
				}
				in = strings.NewReader(strings.Join(args, ""))
			}
			if !binary {
				in = hex.NewDecoder(&noSpace{in})
			}
			write, err := packetWriter(format)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			defer func() { _ = out.Flush() }()
			return decodeStream(in, out, write)
		},
	}
	cmd.Flags().BoolVar(&binary, "binary", false, "read the octets as they are, not in hex")
	cmd.Flags().StringVar(&format, "format", "json", "json or text")
	return cmd
}

// packetWriter writes one packet that begins at an offset of the stream.
func packetWriter(format string) (func(w io.Writer, offset int64, p reference.Packet) error, error) {
	switch format {
	case "json":
		return func(w io.Writer, _ int64, p reference.Packet) error {
			return json.NewEncoder(w).Encode(goreference.FromPacket(p))
		}, nil
	case "text":
		return func(w io.Writer, offset int64, p reference.Packet) error {
			note := ""
			if p.IsEOF() {
				note = "  EOF"
			} else if p.IsRequest {
				note = fmt.Sprintf("  wire type %d", p.Type)
			}
			_, err := fmt.Fprintf(w, "%8d  %v%s\n", offset, p, note)
			return err
		}, nil
	}
	return nil, fmt.Errorf("--format %q is neither json nor text", format)
}

func decodeStream(in io.Reader, out *bufio.Writer, write func(io.Writer, int64, reference.Packet) error) error {
	r := reference.NewReader(in, reference.DefaultMaxPacket)
	for {
		offset := r.Offset()
		p, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out.Flush()
		case err != nil:
			if flushErr := out.Flush(); flushErr != nil {
				return flushErr
			}
			return &statusError{statusNot, fmt.Errorf("octet %d: %w", offset, explainCut(err))}
		}
		if err := write(out, offset, p); err != nil {
			return &statusError{statusNot, err}
		}
	}
}

// explainCut tells of octets that stop inside a packet; here there is no connection
// that could want an EOF packet.
func explainCut(err error) error {
	if errors.Is(err, reference.ErrCut) {
		return reference.ErrIncomplete
	}
	return err
}

// noSpace leaves white space out of what it reads.
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
