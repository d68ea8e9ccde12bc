package sound

import (
	"context"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/doctor"
)

// TestDoctor has the checks of adapters find nothing in adapters that are late with everything.
func TestDoctor(t *testing.T) {
	each(t, func(t *testing.T, late Late) {
		t.Parallel()
		r, err := doctor.Check(context.Background(), doctor.Options{Adapter: late, StartTime: 20 * time.Second, Timeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Findings {
			t.Error(f.Text())
		}
		if len(r.Left) > 0 {
			t.Errorf("not checked: %q", r.Left)
		}
	})
}
