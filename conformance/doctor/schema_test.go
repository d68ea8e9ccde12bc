package doctor

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/packetspec/packetspec/internal/schematest"
)

// TestSchema requires that the results are as the published schema says, and that it names every field.
func TestSchema(t *testing.T) {
	var found findings
	for _, k := range Kinds() {
		found.add(k, detail{sent: "s", came: "c", more: "m"})
	}
	whole := Results{
		Adapter: "a", Subject: "s", Findings: found.all, Done: []string{"hello"}, Left: []string{"exit"},
		NotStarted: "n", Interrupted: "SIGINT", Notes: []string{"n"},
	}
	for _, r := range []Results{whole, {Findings: []Finding{}, Done: []string{}, Left: []string{}}} {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		schematest.Check(t, "findings.schema.json", line)
	}
	if v := reflect.ValueOf(whole); v.NumField() != 8 || reflect.ValueOf(found.all[0]).NumField() != 9 {
		t.Error("a field was added: add it to the schema and to this test")
	}
}
