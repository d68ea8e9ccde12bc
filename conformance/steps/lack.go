package steps

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// A lackError skips a scenario because the adapter lacks an ability or a command.
type lackError struct {
	name    string // of the ability or of the command
	refused string // the command to which the adapter replied unsupported; empty: it was not asked
	err     error  // wraps ErrSkip
}

func (e *lackError) Error() string { return e.err.Error() }
func (e *lackError) Unwrap() error { return e.err }

// Lack returns the name of the ability or of the command for want of which err skips a scenario, and
// the command to which the adapter replied unsupported, if it was asked; "" if err does not skip for that.
func Lack(err error) (name, refused string) {
	var lack *lackError
	if errors.As(err, &lack) {
		return lack.name, lack.refused
	}
	return "", ""
}

// need skips the scenario unless the adapter has the ability.
func (w *World) need(a adapter.Ability) error {
	if w.Session.Can(a) {
		return nil
	}
	return &lackError{string(a), "", fmt.Errorf("%w: the adapter does not support %q", ErrSkip, a)}
}

func (w *World) expectAbility(words string) error {
	if words == "can give invalid replies" {
		return w.need(adapter.CanInvalidReply)
	}
	return w.need(adapter.CanBigIntegers)
}

// neededFor returns what an adapter lacks that replies unsupported to a command: the ability that
// the command needs or, if it needs no ability, the command.
func neededFor(m adapter.Message) string {
	var ability adapter.Ability
	switch {
	case m.Op == adapter.OpEqual:
		ability = adapter.CanEqual
	case m.Op == adapter.OpString:
		ability = adapter.CanString
	case m.Op == adapter.OpTicks || m.Op == adapter.OpOpen && m.Tick != "":
		ability = adapter.CanTick
	case m.Decode == adapter.DecodeFlags:
		ability = adapter.CanDecodeFlags
	case m.Decode != "":
		ability = adapter.CanDecode
	case m.Channel != "" && m.Channel != "0":
		ability = adapter.CanChannels
	case strings.HasPrefix(string(m.RqType), "-") || strings.HasPrefix(string(m.Flags), "-"):
		ability = adapter.CanNegative
	case hasBigInteger(m):
		ability = adapter.CanBigIntegers
	default:
		return m.Op
	}
	return string(ability)
}

// required is the least integer that no implementation has to represent (INT-4, INT-5).
var required = new(big.Int).Lsh(big.NewInt(1), 61)

// hasBigInteger reports whether the packet of a command encode or decode has an integer that the
// implementation may refuse.
func hasBigInteger(m adapter.Message) bool {
	var p peer.Packet
	var err error
	switch {
	case m.Packet != nil:
		p, err = fromAdapter(*m.Packet)
	case m.Bytes != nil:
		p, _, err = peer.Decode(*m.Bytes)
	}
	if err != nil {
		return false
	}
	for _, v := range []*big.Int{p.Channel, p.Tag, p.Flags, p.Type} {
		if v != nil && v.Cmp(required) >= 0 {
			return true
		}
	}
	return false
}

// NeedsConnection reports whether a scenario with these steps needs a connection. If it does not,
// each step is about packets alone.
func NeedsConnection(steps []string) bool {
	return slices.ContainsFunc(table, func(g group) bool {
		return g.heading != withoutConnection && slices.ContainsFunc(g.steps, func(d definition) bool {
			return slices.ContainsFunc(steps, d.matches)
		})
	})
}

// skipIfUnsupported returns the error of a command, wrapped in [ErrSkip] if it is that the adapter
// does not support the command.
func skipIfUnsupported(m adapter.Message, err error) error {
	if errors.Is(err, ErrSkip) || adapter.KindOf(err) != adapter.Unsupported {
		return err
	}
	return &lackError{neededFor(m), m.Op, fmt.Errorf("%w: the adapter does not support the command %s (%w)", ErrSkip, m.Op, err)}
}

// start sends a command whose reply the scenario may never wait for. If the adapter does not
// support the command, whatever the scenario waits for then or later ends with [ErrSkip]: without
// the command it may never come.
func (w *World) start(m adapter.Message) *adapter.Pending {
	if w.lack == nil {
		w.Ctx, w.lack = context.WithCancelCause(w.Ctx)
	}
	p := w.Session.Send(m)
	w.started = append(w.started, p)
	lack := w.lack
	go func() { // it ends with the adapter at the latest
		<-p.Done()
		if err := lackOf(p); err != nil {
			lack(err)
		}
	}()
	return p
}

// Lacks returns an error that wraps [ErrSkip] if the adapter has replied that it does not support
// a command of the scenario, which then says nothing about the subject. It looks at those commands
// whose replies no step may have seen.
func (w *World) Lacks() error {
	for _, p := range w.started {
		if err := lackOf(p); err != nil {
			return err
		}
	}
	return nil
}

// LacksLate does what Lacks does, for a scenario whose steps have passed and whose connections are closed. It
// leaves out commands that the adapter supports otherwise: if one was under way when its connection was
// closed, the adapter may refuse it because it no longer knows the connection.
func (w *World) LacksLate() error {
	for _, p := range w.started {
		if err := lackOf(p); err != nil && !w.Session.Supported(p.Command.Op) {
			return err
		}
	}
	return nil
}

// lackOf returns the error that skips the scenario if the adapter has replied that it does not
// support the command.
func lackOf(p *adapter.Pending) error {
	select {
	case <-p.Done():
	default:
		return nil
	}
	_, err := p.Wait(context.Background())
	if err = skipIfUnsupported(p.Command, err); errors.Is(err, ErrSkip) {
		return err
	}
	return nil
}
