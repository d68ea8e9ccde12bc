package main

import (
	"bufio"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/internal/packettext"
)

func newEncode() *cobra.Command {
	var binary bool
	cmd := &cobra.Command{
		Use: "encode", Short: "Encode packets, as JSON lines, into octets", Args: noArguments,
		Long: `Reads packets from the standard input, one JSON object per line, and writes the octets
of each: as a line of hex or, with --binary, raw.

A packet has the fields is_request (true or false), channel, tag, flags, payload and, if
it is a request, rq_type: the type on the wire. Integers are strings of decimal digits.
The payload is a string of hex digits in either case, of at most 128 MiB in octets. A
field that is null counts as missing. Blank lines are skipped.

encode stops at the first line that is not a packet, after it has written the octets of
those before.

Exit status: 0 if all lines are packets; 1 if not, with the number of the first that is
not; 2 if the standard input cannot be read; 4 if the octets cannot be written.`,
		Example: `  echo '{"is_request":true,"channel":"5","tag":"300","flags":"7","rq_type":"2","payload":"68656c6c6f"}' |
    packetspec encode`,
		RunE: atOnce(func(cmd *cobra.Command, _ []string) error {
			in, out := streams(cmd)
			return finish(encodeStream(in, out, binary), out)
		}),
	}
	cmd.Flags().BoolVar(&binary, "binary", false, "write raw octets, not hex")
	return cmd
}

// encodeStream writes the octets of every packet that precedes an error.
func encodeStream(in io.Reader, out *bufio.Writer, binary bool) error {
	lines := packettext.NewJSONReader(in)
	for {
		p, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		octets, err := p.AppendBinary(nil)
		if err != nil {
			return err
		}
		if binary {
			_, err = out.Write(octets)
		} else {
			err = errors.Join(packettext.WriteHex(out, octets), out.WriteByte('\n'))
		}
		if err != nil {
			return err
		}
	}
}
