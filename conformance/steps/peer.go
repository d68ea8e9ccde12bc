package steps

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/cucumber/godog"

	"github.com/packetspec/packetspec/conformance/peer"
)

// send writes octets to the subject in one write, and waits until the pipe has accepted them.
func (w *World) send(octets []byte) error {
	w.current.requests.add(octets)
	if err := w.current.peer.Send(w.Ctx, octets); err != nil {
		var full *peer.FullError
		came := ""
		if errors.As(err, &full) {
			came = fmt.Sprintf("the pipe accepted only %d of %d octets", full.Accepted, full.Octets)
		}
		return w.waitFailure("the subject to read what the peer writes", came, err)
	}
	w.watch.served()
	return w.payOwed()
}

func (w *World) sendSlowly(octets []byte) error {
	for i := range octets {
		if err := w.send(octets[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) peerSends(octets []byte, oneAtATime string) error {
	if oneAtATime != "" {
		return w.sendSlowly(octets)
	}
	return w.send(octets)
}

func (w *World) peerSendsTable(table *godog.Table) error {
	if head := table.Rows[0].Cells; len(head) != 2 || head[0].Value != "octets" || head[1].Value != "meaning" {
		return mistake("the first row of the table must be: | octets | meaning |")
	}
	var all []byte
	for _, row := range table.Rows[1:] {
		octets, err := parsePackets(row.Cells[0].Value, row.Cells[1].Value)
		if err != nil {
			return err
		}
		all = append(all, octets...)
	}
	return w.send(all)
}

// peerSendsCut pauses between the two parts so that the subject reads the first part alone.
func (w *World) peerSendsCut(octets []byte, at int) error {
	if at > len(octets) {
		return mistake("these %d octets cannot be cut after %d", len(octets), at)
	}
	if err := w.send(octets[:at]); err != nil {
		return err
	}
	if err := w.pause(); err != nil {
		return err
	}
	return w.send(octets[at:])
}

func (w *World) peerSendsMany(n, wireType int, payload string, firstTag int) error {
	var octets []byte
	for tag := firstTag; tag < firstTag+n; tag++ {
		octets = append(octets, numbered(tag, wireType, payload)...)
	}
	return w.send(octets)
}

func (w *World) peerSendsLarge(n, wireType, octets, firstTag int) error {
	payload := strings.Repeat("a", octets)
	for tag := firstTag; tag < firstTag+n; tag++ {
		if err := w.send(numbered(tag, wireType, payload)); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) peerSendsManyCut(n, wireType int, payload string, firstTag int) error {
	for i := range n {
		if err := w.sendInTwo(numbered(firstTag+i, wireType, payload), i); err != nil {
			return err
		}
	}
	return nil
}

// sendInTwo writes a packet in two parts, whose first part is longer by one octet for each i.
func (w *World) sendInTwo(octets []byte, i int) error {
	at := 1 + i%(len(octets)-1)
	if err := w.send(octets[:at]); err != nil {
		return err
	}
	if err := w.letRead(); err != nil {
		return err
	}
	return w.send(octets[at:])
}

// numbered returns a request whose payload has its tag in the place of each #.
func numbered(tag, wireType int, payload string) []byte {
	return peer.Packet{
		IsRequest: true, Tag: big.NewInt(int64(tag)), Type: big.NewInt(int64(wireType)),
		Payload: withNumber([]byte(payload), tag),
	}.Encode()
}

// withNumber returns a payload with a number in the place of each #.
func withNumber(payload []byte, n int) []byte {
	return bytes.ReplaceAll(payload, []byte("#"), fmt.Append(nil, n))
}

func (w *World) peerAnswers(name, fields, how string) error {
	answer, err := w.answerOf(name, fields)
	if err != nil {
		return err
	}
	octets := answer.Encode()
	switch how {
	case "one octet at a time":
		return w.sendSlowly(octets)
	case "cut before its last octet":
		octets = octets[:len(octets)-1]
	case "with channel 0 written":
		octets = answer.EncodeWithChannel()
	}
	return w.send(octets)
}

func (w *World) answerOf(name, fields string) (peer.Packet, error) {
	c, p, err := w.requestAndFields(name, fields)
	if err != nil {
		return p, err
	}
	if c.packet == nil {
		return p, mistake("the peer answers %q, but no step has read its request", name)
	}
	if p.Tag == nil {
		p.Tag = c.packet.Tag
	}
	if p.Channel == nil {
		p.Channel = c.packet.Channel
	}
	return p, nil
}

func (w *World) peerAnswersTag(tag *big.Int, fields string) error {
	p, err := parseFields(fields)
	if err != nil {
		return err
	}
	p.Tag = tag
	return w.send(p.Encode())
}

func (w *World) peerAnswersMany(n int, name, fields string) error {
	for i := n; i >= 1; i-- {
		name, fields := ofMany(name, fields, i)
		if err := w.peerAnswers(name, fields, ""); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) peerAnswersEach(n int, fields string) error {
	want, err := parseFields(fields)
	if err != nil {
		return err
	}
	requests, err := w.takeRequests(n)
	if err != nil {
		return err
	}
	if err := tagsDiffer(requests); err != nil {
		return err
	}
	for i := len(requests) - 1; i >= 0; i-- {
		answer := want
		answer.Tag, answer.Channel = requests[i].Tag, requests[i].Channel
		if err := w.send(answer.Encode()); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) peerEndsStream() error {
	w.current.requests.ended = true
	w.current.peer.EndSending()
	return nil
}

func (w *World) peerClosesReceiving() error {
	w.current.peer.EndReading()
	return nil
}

func (w *World) peerStopsReading() error {
	w.current.peer.Pause()
	return nil
}

func (w *World) peerReadsAgain() error {
	w.current.peer.Resume()
	return nil
}
