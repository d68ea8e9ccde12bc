package conformance

import (
	"context"

	"github.com/packetspec/packetspec/conformance/doctor"
	"github.com/packetspec/packetspec/conformance/profile"
)

// startFirst starts the first adapter of a run. If Warn is set, it looks at the adapter before any scenario
// runs, and warns of what is the adapter's mistake. An adapter that the look leaves in another state is
// replaced by the next scenario: the look must not change a result.
func (w *worker) startFirst(ctx context.Context) error {
	look := doctor.NewLook()
	if w.Warn != nil {
		ctx = look.Context(ctx)
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	w.subject = w.session.Hello
	if w.Warn == nil {
		return nil
	}
	found, usable := look.Take(ctx, w.session, w.dir, w.Timeout, w.Profile != profile.Codec)
	if !usable {
		w.release()
	}
	for _, f := range found {
		w.warnings = append(w.warnings, f.Warning())
	}
	if w.warnings != nil {
		w.Warn(w.warnings)
	}
	return nil
}
