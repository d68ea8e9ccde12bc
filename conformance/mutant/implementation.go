package mutant

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/nearest"
)

// New returns the implementation with the fault of that name, or without a fault if the
// name is empty. With a fault of the later dialect, the implementation speaks that dialect.
// The error for an unknown name lists similar names.
func New(fault string) (adapter.Implementation, error) {
	names := []string{""}
	for _, f := range Faults() {
		names = append(names, f.Name)
	}
	if !slices.Contains(names, fault) {
		return nil, fmt.Errorf("there is no fault %q; similar names are %q", fault, nearest.Names(fault, names[1:], shownNear))
	}
	return &implementation{mutant: mutant{fault: fault}, later: Fault{Name: fault}.Later(), stderr: os.Stderr}, nil
}

// shownNear bounds the names that the error of [New] lists.
const shownNear = 5

// NewLater returns the implementation without a fault, in the later dialect.
func NewLater() adapter.Implementation {
	return &implementation{later: true, stderr: os.Stderr}
}

// An implementation holds what all connections of one adapter share.
type implementation struct {
	mutant
	later  bool      // it speaks the later dialect
	stderr io.Writer // for ticks

	// Only faults read what follows.
	sharedTag      atomic.Int64 // the last tag, counted over all connections
	latestRequests sync.Map     // requestKey to the latest *localRequest of any connection
	connections    sync.Map     // all open connections, as keys
	writeLock      sync.Mutex   // held during a write
}

// Hello implements [adapter.Implementation]. It reports every ability.
func (i *implementation) Hello() adapter.Hello {
	abilities := adapter.Abilities
	if i.has("channel-not-offered-is-0") {
		abilities = slices.DeleteFunc(slices.Clone(abilities), func(a adapter.Ability) bool { return a == adapter.CanChannels })
	}
	release := cmp.Or(i.fault, "without a fault")
	if i.later {
		release += ", in the later dialect"
	}
	return adapter.Hello{Name: "packetspec mutant", Release: release, Language: runtime.Version(), Supports: abilities}
}

// Encode implements [adapter.Implementation].
func (i *implementation) Encode(p adapter.Packet) ([]byte, error) {
	q, err := fromAdapter(p)
	if err != nil {
		return nil, err
	}
	return i.encode(q), nil
}

// Decode implements [adapter.Implementation].
func (i *implementation) Decode(b []byte) (adapter.Packet, int, error) {
	p, octets, err := i.readPacket(bufio.NewReaderSize(bytes.NewReader(b), len(b)))
	switch {
	case errors.Is(err, errMalformed):
		return adapter.Packet{}, 0, adapter.Errorf(adapter.Malformed, "%v", err)
	case err != nil:
		return adapter.Packet{}, 0, adapter.Errorf(adapter.Incomplete, "%v", err)
	case i.has("consumed-without-length"):
		length, _, _ := i.readLength(bufio.NewReader(bytes.NewReader(b)))
		octets = int(length)
	case octets < len(b) && i.has("rest-consumed"):
		p.payload = append(p.payload, b[octets:]...)
		octets = len(b)
	}
	return toAdapter(p), octets, nil
}

// Equal implements [adapter.Equaler].
func (i *implementation) Equal(a, b adapter.Packet) (bool, error) {
	p, err := fromAdapter(a)
	if err != nil {
		return false, err
	}
	q, err := fromAdapter(b)
	return err == nil && i.equal(p, q), err
}

// String implements [adapter.Stringer].
func (i *implementation) String(p adapter.Packet) (string, error) {
	q, err := fromAdapter(p)
	if err != nil {
		return "", err
	}
	return i.text(q), nil
}

// parseInteger returns the value of an integer, which must not be negative. An absent integer is 0.
func parseInteger(i adapter.Integer) (*big.Int, error) {
	if i == "" {
		return zero, nil
	}
	v, ok := new(big.Int).SetString(string(i), 10)
	if !ok || v.Sign() < 0 {
		return nil, adapter.Errorf(adapter.Invalid, "%q is not an integer of 0 or more", i)
	}
	return v, nil
}

func formatInteger(v *big.Int) adapter.Integer { return adapter.Integer(v.String()) }

func fromAdapter(p adapter.Packet) (packet, error) {
	channel, errChannel := parseInteger(p.Channel)
	tag, errTag := parseInteger(p.Tag)
	flags, errFlags := parseInteger(p.Flags)
	rqType, errType := parseInteger(p.RqType)
	q := packet{isRequest: p.IsRequest, channel: channel, tag: tag, flags: flags, rqType: rqType, payload: p.Payload}
	return q, cmp.Or(errChannel, errTag, errFlags, errType)
}

func toAdapter(p packet) adapter.Packet {
	q := adapter.Packet{
		IsRequest: p.isRequest, Channel: formatInteger(p.channel), Tag: formatInteger(p.tag), Flags: formatInteger(p.flags),
		Payload: append(adapter.Hex{}, p.payload...),
	}
	if p.isRequest {
		q.RqType = formatInteger(p.rqType)
	}
	return q
}

// An InProcess starts the mutant inside this process, a new one each time. It counts the
// ticks for the standard error instead of writing them. A fault that [Crashes] would end
// this process.
type InProcess struct {
	Fault    string    // empty: none
	Later    bool      // use the later dialect; faults of that dialect imply it
	Coverage *Coverage // records the faults that the mutant reaches; nil: not recorded
}

// String implements [adapter.Starter]. No command starts it, so it returns nothing.
func (p InProcess) String() string { return "" }

// Start implements [adapter.Starter].
func (p InProcess) Start(ctx context.Context) (*adapter.Session, error) {
	impl, err := New(p.Fault)
	if err != nil {
		return nil, err
	}
	i := impl.(*implementation)
	i.later = i.later || p.Later
	i.coverage = p.Coverage
	var stderr counter
	i.stderr = &stderr
	session, err := adapter.InProcess{Implementation: i}.Start(ctx)
	if err != nil {
		return nil, err
	}
	session.StderrTotal = func() (int64, bool) { return stderr.bytes.Load(), true }
	return session, nil
}

// A counter counts the bytes written to it. It may be used concurrently.
type counter struct{ bytes atomic.Int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.bytes.Add(int64(len(b)))
	return len(b), nil
}
