package campaign

import (
	"context"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// Repro plays an input on a fresh process, and then in company if it does not differ alone,
// and tells in what it differs.
func Repro(ctx context.Context, starter adapter.Starter, raw []byte) (found []*Finding, err error) {
	s, err := start(ctx, starter)
	if err != nil {
		return nil, err
	}
	defer s.end()
	for round, copies := range []int{1, companions} {
		v, _, _ := s.beside(ctx, raw, copies, "")
		for _, d := range v.Found {
			found = append(found, &Finding{
				Signature: d.Signature(), Difference: d, Input: raw, First: raw, Record: v.Record, Plan: v.Case.Plan,
				Seen: 1, Confirmed: 1, Tries: 1, Company: round > 0,
			})
		}
		if len(found) > 0 || v.Died {
			break
		}
	}
	return found, ctx.Err()
}

// Shrink makes an input small for one of its differences: that with the signature, or the
// first if it is empty. It is nil if the input does not differ so.
func Shrink(ctx context.Context, starter adapter.Starter, raw []byte, signature string, tries int) (*Finding, error) {
	found, err := Repro(ctx, starter, raw)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(found, func(f *Finding) bool { return signature == "" || f.Signature == signature })
	if i < 0 {
		return nil, nil
	}
	f := found[i]
	b := &bench{starter: starter}
	defer b.end()
	h := &hunt{Campaign: Campaign{Minimize: tries}}
	if err := h.small(ctx, b, f); err != nil {
		return nil, err
	}
	return f, b.confirm(ctx, f, Tries)
}
