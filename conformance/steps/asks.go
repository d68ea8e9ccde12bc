package steps

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/peer"
)

// sendAsks writes several requests that the peer may send in one write, with octets before and after them.
func (w *World) sendAsks(asks []Ask, before []byte, tags []*big.Int, after []byte) error {
	octets := slices.Clone(before)
	for _, tag := range tags {
		p, err := w.ask(asks, tag)
		if err != nil {
			return err
		}
		octets = append(octets, p.Encode()...)
	}
	return w.send(append(octets, after...))
}

// tagsFrom returns n successive tags.
func tagsFrom(first, n int) (tags []*big.Int) {
	for i := range n {
		tags = append(tags, big.NewInt(int64(first+i)))
	}
	return tags
}

func (w *World) peerAsks(tag *big.Int, how string) error {
	p, err := w.ask(standardAsks, tag)
	if err != nil {
		return err
	}
	switch field, overlong := strings.CutPrefix(how, "with an overlong "); {
	case how == "one octet at a time":
		return w.sendSlowly(p.Encode())
	case how == "with channel 0 written":
		return w.send(p.EncodeWithChannel())
	case overlong:
		return w.send(p.EncodeOverlong(field))
	}
	return w.send(p.Encode())
}

func (w *World) peerAsksMany(n, firstTag int, cut string) error {
	if cut == "" {
		return w.sendAsks(standardAsks, nil, tagsFrom(firstTag, n), nil)
	}
	for i, tag := range tagsFrom(firstTag, n) {
		p, err := w.ask(standardAsks, tag)
		if err != nil {
			return err
		}
		if err := w.sendInTwo(p.Encode(), i); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) peerAsksNested(n, firstTag int) error {
	return w.sendAsks(nestedAsks, nil, tagsFrom(firstTag, n), nil)
}

func (w *World) peerAsksAgain(n int, tag *big.Int) error {
	return w.sendAsks(standardAsks, nil, slices.Repeat([]*big.Int{tag}, n), nil)
}

func (w *World) peerAsksAndSends(tag *big.Int, octets []byte) error {
	return w.sendAsks(standardAsks, nil, []*big.Int{tag}, octets)
}

func (w *World) peerSendsAndAsks(octets []byte, tag *big.Int) error {
	return w.sendAsks(standardAsks, octets, []*big.Int{tag}, nil)
}

// subjectAnswersAsk requires an answer to a request that the peer sent by [World.ask].
func (w *World) subjectAnswersAsk(tag *big.Int, shortest string) error {
	asked, ok := w.current.asked[requestIDOf(peer.Packet{Channel: new(big.Int), Tag: tag})]
	if !ok {
		return mistake("the peer has not asked with the tag %s", tag)
	}
	r, err := w.answerToAsk(tag, asked.Expect)
	if err != nil {
		return err
	}
	if !asked.Expect.Matches(r.Packet) {
		return failf(fmt.Sprintf("%s to the %s", asked.Expect, asked.Packet(tag)), "%s", describe(r.Octets))
	}
	if exact := r.Encode(); shortest != "" && !slices.Equal(exact, r.Octets) {
		return failf("the shortest form, "+describe(exact), "%s", peer.ShowHex(r.Octets))
	}
	return nil
}

func (w *World) answerToAsk(tag *big.Int, expect *Expectation) (peer.Received, error) {
	return w.answerTo(tag, new(big.Int), fmt.Sprintf("%s with tag %s on channel 0", expect, tag))
}

func (w *World) subjectAnswersAsks(from, to int) error {
	for i, tag := range tagsFrom(from, to-from+1) {
		if err := w.subjectAnswersAsk(tag, ""); err != nil {
			return w.tallyResponses(err, i, to-from+1)
		}
	}
	return nil
}

// subjectAnswersAskTimes requires one response to each of several requests with one tag. Which of them
// are refused as duplicates depends on when the handler returns.
func (w *World) subjectAnswersAskTimes(n int, tag *big.Int) error {
	for i := range n {
		if _, err := w.answerToAsk(tag, nil); err != nil {
			return w.tallyResponses(err, i, n)
		}
	}
	return nil
}

func (w *World) expectOwnTagsDiffer() error {
	if err := w.needOwn(); err != nil {
		return err
	}
	if w.current.clash != "" {
		return failf("different tags for requests in flight", "%s", w.current.clash)
	}
	return nil
}

func (w *World) expectOwnTagsCount() error {
	if err := w.needOwn(); err != nil {
		return err
	}
	first := 1
	if w.HasERQ {
		first = 2
	}
	for i, tag := range tagsFrom(first, len(w.current.own)) {
		if p := w.current.own[i]; p.Tag.Cmp(tag) != 0 {
			return failf(fmt.Sprintf("tag %s in request %d of the subject", tag, i+1), "%s", describe(p.Encode()))
		}
	}
	return nil
}

// needOwn skips the scenario if the subject has requested nothing by itself.
func (w *World) needOwn() error {
	if len(w.current.own) == 0 {
		return fmt.Errorf("%w: the subject has requested nothing by itself", ErrSkip)
	}
	return nil
}

func (w *World) expectCheapOctets(octets []byte, most int) error {
	before, err := w.memory()
	if err != nil {
		return err
	}
	if err := w.send(octets); err != nil {
		return err
	}
	if err := w.pause(); err != nil {
		return err
	}
	return w.expectMemoryBelow(before, most)
}
