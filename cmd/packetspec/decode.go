package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/packettext"
	"github.com/packetspec/packetspec/reference"
)

func newDecode() *cobra.Command {
	var binary, follow bool
	var format string
	var files []string
	cmd := &cobra.Command{
		Use: "decode [HEX...]", Short: "Decode octets into packets, as JSON lines",
		Long: `Reads octets and writes the packets that they encode, each as soon as it is complete. The
octets are hex, from the arguments or the standard input or, with --binary, raw from the
standard input. Hex is two digits per octet in either case, with white space anywhere. The
packets are JSON lines or, with --format text, lines with the offset of each. With --format
fields each is drawn field by field, with the octets and the meaning of each field.

With --file the octets come from a file. A recording that packetspec watch --record made has
both directions: its packets are shown with their times, and judged again. Two files are
the two directions, one after the other. With --follow, decode waits for more at the end of a file.

Exit status: 0 if all octets are packets; 1 if not, or if the input is not hex, with the
place, or if a recording's traffic does not conform; 2 if an argument is not hex, or if the standard input cannot be read; 4 if
the packets cannot be written.`,
		Example: `  packetspec decode 0a822c1f050268656c6c6f
  packetspec decode --format fields 04010104
  packetspec decode --file session.rec --format text --follow`,
		RunE: atOnce(func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--format", format, decodeFormats...); err != nil {
				return err
			}
			in, out := streams(cmd)
			d := decoding{out: out, write: writeJSON}
			if format == "text" {
				d.write = writeText
			}
			switch {
			case files != nil && len(args) > 0:
				return hint.Add(fmt.Errorf("the argument is %q, but --file says where the octets come from", args[0]), "packetspec decode --file %s", files[0])
			case follow && files == nil:
				return hint.Add(errors.New("--follow is given without --file, which names the file to follow"), "packetspec decode --follow --file FILE")
			case files != nil:
				f := fileDecoding{cmd: cmd, out: out, format: format, binary: binary, follow: follow}
				return finish(f.run(files), out)
			case len(args) > 0 && binary:
				return hint.Add(fmt.Errorf("the argument is %q: with --binary the octets must come from the standard input", args[0]), "packetspec decode %s", strings.Join(args, " "))
			case len(args) > 0:
				d.hex = packettext.NewHexArguments(args)
				octets, err := io.ReadAll(d.hex) // before anything is written
				if err != nil {
					return hintArguments(err, args)
				}
				if len(octets) == 0 {
					return hint.Add(fmt.Errorf("the argument is %q: it has no octets", args[0]), "packetspec decode < FILE reads hex from a file")
				}
				in = bytes.NewReader(octets)
			case !binary:
				d.hex = packettext.NewHexReader(in)
				in = d.hex
			}
			if format == "fields" {
				return finish(drawStream(out, in, ""), out)
			}
			return finish(d.run(in), out)
		}),
	}
	cmd.Flags().BoolVar(&binary, "binary", false, "read raw octets, not hex")
	cmd.Flags().StringVar(&format, "format", "json", "json, text or fields")
	cmd.Flags().StringArrayVar(&files, "file", nil, "read this `file`: a recording of packetspec watch, or octets of one direction; may be given twice")
	cmd.Flags().BoolVar(&follow, "follow", false, "at the end of the file, wait for more")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(decodeFormats, cobra.ShellCompDirectiveNoFileComp)) // there is such a flag
	return cmd
}

// decodeFormats lists the formats of packets.
var decodeFormats = []string{"json", "text", "fields"}

// A decoding writes the packets that a stream holds.
type decoding struct {
	out   *bufio.Writer
	write func(*bufio.Writer, int64, reference.Packet) error
	hex   *packettext.HexReader // the text of the octets, or nil for raw octets
	file  string                // that is read; empty: the standard input
}

// run writes every packet that precedes an error.
func (d decoding) run(in io.Reader) error {
	r := reference.NewReader(in, packettext.MaxPacket)
	for {
		offset := r.Offset()
		if d.hex != nil {
			d.hex.Forget(offset)
		}
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return d.explain(err, offset)
		}
		if err := d.write(d.out, offset, p); err != nil {
			return err
		}
	}
}

// explain returns why no packet could be read at an offset.
func (d decoding) explain(err error, offset int64) error {
	var notHex *packettext.HexError
	var malformed *reference.MalformedError
	switch {
	case errors.As(err, &notHex):
		return hintText(err, notHex)
	case errors.Is(err, reference.ErrCut):
		err = fmt.Errorf("octet %d: %w", offset, reference.ErrIncomplete) // there is no connection that would need an EOF packet
	case errors.As(err, &malformed): // it names the octet
	case errors.Is(err, reference.ErrRange), errors.Is(err, reference.ErrTooLarge):
		err = fmt.Errorf("octet %d: %w", offset, err)
	default:
		return err
	}
	place := cmp.Or(d.file, "standard input")
	if d.hex != nil {
		place = d.hex.Place(offset)
	}
	err = fmt.Errorf("%s: %w", place, err)
	switch {
	case d.hex == nil && offset == 0:
		return hint.Add(err, "without --binary, decode reads hex")
	case d.hex != nil && d.hex.Odd() != "":
		return hint.Add(err, "%s has an odd number of hex digits", d.hex.Odd())
	}
	return hint.Add(err, "octet %d must be the length of a packet, followed by as many octets", offset)
}

// hintArguments returns the error of arguments that are not hex, with what to write instead.
func hintArguments(err error, args []string) error {
	all := strings.Join(args, " ")
	clean, ok := packettext.Clean(all)
	switch {
	case ok && len(clean) <= maxHint:
		return hint.Add(err, "packetspec decode %s", clean)
	case len(args) == 1 && args[0] == "-":
		return hint.Add(err, "packetspec decode reads the standard input if there is no argument")
	case len(args) == 1 && isFile(args[0]):
		return hint.Add(err, "packetspec decode < %s, or with --binary if the file is not hex", args[0])
	}
	return hint.Add(err, "packetspec decode 0a822c1f050268656c6c6f")
}

// maxHint bounds the hex in a hint, in bytes.
const maxHint = 200

// hintText returns the error of a stream that is not hex, with what to do instead.
func hintText(err error, notHex *packettext.HexError) error {
	clean, ok := packettext.Clean(notHex.Word)
	binary := strings.ContainsFunc(notHex.Word, func(r rune) bool { return r < ' ' || r > '~' })
	switch {
	case notHex.Column == 0:
		return hint.Add(err, "one digit is missing, or one is too many")
	case ok && len(clean) <= maxHint:
		return hint.Add(err, "write %s", clean)
	case strings.HasPrefix(notHex.Word, "{"):
		return hint.Add(err, "packetspec encode reads packets in JSON")
	case strings.HasPrefix(notHex.Word, "\xff\xfe"), strings.HasPrefix(notHex.Word, "\xfe\xff"):
		return hint.Add(err, packettext.UTF16)
	case binary:
		return hint.Add(err, "packetspec decode --binary reads raw octets")
	}
	return hint.Add(err, "0a822c1f050268656c6c6f is a packet in hex; packetspec decode --binary reads raw octets")
}

// isFile reports whether a file has a name.
func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

func writeJSON(w *bufio.Writer, _ int64, p reference.Packet) error { return packettext.WriteJSON(w, p) }

func writeText(w *bufio.Writer, offset int64, p reference.Packet) error {
	note := ""
	if p.IsEOF() {
		note = "  EOF"
	} else if p.IsRequest {
		note = fmt.Sprintf("  wire type %d", p.Type)
	}
	_, err := fmt.Fprintf(w, "%8d  %v%s\n", offset, p, note)
	return err
}
