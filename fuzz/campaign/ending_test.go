package campaign_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// endingStarter calls end as soon as its subject has started.
type endingStarter struct {
	adapter.Starter
	end func()
}

func (s endingStarter) Start(ctx context.Context) (*adapter.Session, error) {
	session, err := s.Starter.Start(ctx)
	s.end()
	return session, err
}

// TestEndsAtOnce ends campaigns while their goroutines start. Run once deadlocked so:
//  1. The campaign finished before its goroutine that reports progress had been scheduled.
//  2. Run had nothing to cancel yet, and waited for that goroutine.
//  3. The goroutine then made itself something to wait for, which nobody cancelled.
func TestEndsAtOnce(t *testing.T) {
	for range 100 {
		ctx, end := context.WithCancel(context.Background())
		_, err := campaign.Campaign{Starter: endingStarter{mutant.InProcess{}, end}, Seed: 1, Inputs: 1}.Run(ctx)
		end()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// once is the reference, except that its codec fails one packet before it returns the rest.
type once struct {
	goreference.Implementation
	before *sync.Once
	fail   func() error
}

func (o once) Decode(octets []byte) (adapter.Packet, int, error) {
	var err error
	o.before.Do(func() { err = o.fail() })
	if err != nil {
		return adapter.Packet{}, 0, err
	}
	return o.Implementation.Decode(octets)
}

// failingOnce starts the reference; of all processes one fails one packet, by fail.
func failingOnce(fail func() error) adapter.Starter {
	before := new(sync.Once)
	return adapter.Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		return adapter.Serve(ctx, once{before: before, fail: fail}, commands, replies)
	})
}

// TestEndWaitsForInputs ends a campaign while a reply is due. The reply comes, so that
// nothing differs.
func TestEndWaitsForInputs(t *testing.T) {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	subject := failingOnce(func() error { end(); return nil })
	r, err := campaign.Campaign{Starter: subject, Seed: 1, Inputs: 200, Raw: true}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		t.Errorf("%s: expected %s, came %s", f.Signature, f.Difference.Expected, f.Difference.Came)
	}
}

// TestUnconfirmed names the suspect that no fresh process shows.
func TestUnconfirmed(t *testing.T) {
	subject := failingOnce(func() error { return adapter.Errorf(adapter.Malformed, "only once") })
	r, err := campaign.Campaign{Starter: subject, Seed: 1, Inputs: 200}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		t.Errorf("%s is confirmed", f.Signature)
	}
	i := slices.IndexFunc(r.Unconfirmed, func(f *campaign.Finding) bool { return !f.TimedOut() }) // a busy machine adds others
	if i < 0 {
		t.Fatal("no suspect is listed")
	}
	if f := r.Unconfirmed[i]; f.Signature != "DEC-1 error malformed codec" || f.Seen != 1 {
		t.Errorf("%s, shown by %d inputs; expected DEC-1 error malformed codec, by 1", f.Signature, f.Seen)
	}
}

// TestSlowOpen counts a connection that does not open in time as late, since a busy machine can cause
// that.
func TestSlowOpen(t *testing.T) {
	held := make(chan struct{})
	defer close(held)
	subject := adapter.Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		return adapter.Serve(ctx, slowToOpen{held: held}, commands, replies)
	})
	r, err := campaign.Campaign{Starter: subject, Seed: 1, Inputs: 2, Raw: true, Timeout: 50 * time.Millisecond}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Findings, func(f *campaign.Finding) bool { return f.Signature == "- no connection open" })
	if i < 0 || !r.Findings[i].TimedOut() || !strings.HasPrefix(r.Findings[i].Difference.Came, "no reply to open within ") {
		t.Errorf("found %v, expected that no connection opened in time", r.Shown)
	}
}

// slowToOpen opens no connection before held is closed.
type slowToOpen struct {
	goreference.Implementation
	held <-chan struct{}
}

func (s slowToOpen) Open(recv io.ReadCloser, send io.WriteCloser, _ adapter.OpenOptions, _ adapter.Handler) (adapter.Connection, error) {
	<-s.held
	_, _ = recv.Close(), send.Close()
	return nil, adapter.Errorf(adapter.Internal, "too late")
}

// TestTimedOut distinguishes differences that a busy machine can cause from others.
func TestTimedOut(t *testing.T) {
	done := judge.CommandResult{Sent: true, Done: true}
	for name, c := range map[string]struct {
		finding campaign.Finding
		want    bool
	}{
		"codec, at once":       {campaign.Finding{}, false},
		"late":                 {campaign.Finding{Difference: judge.Difference{Timed: true}}, true},
		"played to the end":    {campaign.Finding{Record: &judge.Record{Aborted: -1, LastRequest: done}}, false},
		"given up":             {campaign.Finding{Record: &judge.Record{Aborted: 3, LastRequest: done}}, true},
		"no end":               {campaign.Finding{Record: &judge.Record{Aborted: -1, Hung: true}}, true},
		"no reply to the last": {campaign.Finding{Record: &judge.Record{Aborted: -1, LastRequest: judge.CommandResult{Sent: true}}}, true},
	} {
		if got := c.finding.TimedOut(); got != c.want {
			t.Errorf("%s: %t, expected %t", name, got, c.want)
		}
	}
}
