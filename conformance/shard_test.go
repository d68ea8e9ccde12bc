package conformance_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/spec"
)

func TestShard(t *testing.T) {
	scenarios := []spec.Scenario{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}, {ID: "e"}}
	for text, want := range map[string]string{"1/1": "a b c d e", "1/2": "a c e", "2/2": "b d", "5/5": "e"} {
		shard, err := conformance.ParseShard(text)
		if err != nil {
			t.Fatal(err)
		}
		part, err := shard.Of(scenarios)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, sc := range part {
			ids = append(ids, sc.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: got %s, expected %s", text, got, want)
		}
	}
	if all, err := (conformance.Shard{}).Of(scenarios); err != nil || len(all) != len(scenarios) {
		t.Errorf("the zero Shard: got %d scenarios and %v, expected all", len(all), err)
	}
}

func TestShardOfNothing(t *testing.T) {
	for _, text := range []string{"", "1", "0/2", "3/2", "a/2", "1/b", "-1/2", "1/2/3"} {
		if _, err := conformance.ParseShard(text); err == nil {
			t.Errorf("%q is taken for a shard", text)
		}
	}
	shard, err := conformance.ParseShard("2/2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shard.Of([]spec.Scenario{{ID: "a"}}); !errors.Is(err, conformance.ErrNothingSelected) {
		t.Errorf("got %v, expected ErrNothingSelected", err)
	}
}
