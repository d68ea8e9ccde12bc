package campaign_test

import (
	"context"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/campaign"
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
