package adapter_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

func TestKindOf(t *testing.T) {
	closed := adapter.Errorf(adapter.Closed, "after %d requests", 3)
	for name, c := range map[string]struct {
		err  error
		want adapter.Kind
	}{
		"none":     {nil, ""},
		"its own":  {closed, adapter.Closed},
		"wrapped":  {fmt.Errorf("request: %w", closed), adapter.Closed},
		"joined":   {errors.Join(errors.New("other"), closed), adapter.Closed},
		"an other": {errors.New("other"), adapter.Internal},
	} {
		t.Run(name, func(t *testing.T) { check(t, "kind", adapter.KindOf(c.err), c.want) })
	}
	check(t, "text", closed.Error(), "closed: after 3 requests")
}
