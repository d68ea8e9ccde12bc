package profile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/profile"
)

func TestRequires(t *testing.T) {
	for name, want := range map[string]string{
		adapter.OpEncode:                "codec connection everything",
		adapter.OpDecode:                "codec connection everything",
		adapter.OpOpen:                  "connection everything",
		adapter.OpJoin:                  "connection everything",
		string(adapter.CanEqual):        "everything",
		string(adapter.CanTick):         "everything",
		string(adapter.CanInvalidReply): "everything",
	} {
		var got []string
		for _, p := range profile.All {
			if p.Requires(name) {
				got = append(got, string(p))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: required by %q, expected %q", name, got, want)
		}
	}
}

func TestFitting(t *testing.T) {
	for _, c := range []struct {
		lacks    string
		want     profile.Profile
		required string
	}{
		{"", profile.Everything, ""},
		{"tick equal", profile.Connection, ""},
		{"tick open", profile.Codec, ""},
		{"open encode", profile.Codec, "encode"},
		{"decode encode", profile.Codec, "decode encode"},
	} {
		got, required := profile.Fitting(strings.Fields(c.lacks))
		if got != c.want || strings.Join(required, " ") != c.required {
			t.Errorf("without %q: got %q, which requires %q, expected %q, which requires %q", c.lacks, got, required, c.want, c.required)
		}
	}
}

func TestLacking(t *testing.T) {
	supports := slices.DeleteFunc(slices.Clone(adapter.Abilities), func(a adapter.Ability) bool {
		return a == adapter.CanTick || a == adapter.CanString
	})
	for p, want := range map[profile.Profile]string{
		profile.Codec: "string open", profile.Connection: "string tick open", profile.Everything: "string tick open",
	} {
		if got := strings.Join(p.Lacking(supports, []string{"open", "string", "open"}), " "); got != want {
			t.Errorf("%s: got %q, expected %q", p, got, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	if got := profile.Warnings(adapter.Abilities); got != nil {
		t.Errorf("every ability: got the warnings %q", got)
	}
	for name, like := range map[string]string{
		"bigintegers": "big-integers", "decode_response": "decode-response", "Grace": "grace", "ticks": "tick",
		strings.Repeat("a", 50<<20): "equal", "end\x1breason": "end-reason",
	} {
		got := profile.Warnings([]adapter.Ability{adapter.CanTick, adapter.Ability(name)})
		if len(got) != 1 || !strings.Contains(got[0], "which is not an ability") || len(got[0]) > 250 || strings.Contains(got[0], "\x1b") {
			t.Errorf("%.40q: got the warnings %q", name, got)
		} else if len(name) < 100 && !strings.Contains(got[0], `did it mean "`+like+`"?`) {
			t.Errorf("%q: got %q, expected the name %q", name, got[0], like)
		}
	}
	var many []adapter.Ability
	for i := range 5000 {
		many = append(many, adapter.Ability(strings.Repeat("x", i+1)))
	}
	got := profile.Warnings(many)
	if last := got[len(got)-1]; len(got) != 9 || !strings.Contains(last, "4992 more names") {
		t.Errorf("5000 names: got %d warnings, the last %q", len(got), last)
	}
}
