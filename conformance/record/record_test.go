package record_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/record"
)

// An event is the same after it was written to JSON and read.
func TestJSON(t *testing.T) {
	e := record.Event{At: record.Milliseconds(1500 * time.Microsecond), Conn: 2, From: record.Peer, Octets: record.Octets{3, 0, 2, 0}, Skipped: 1}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"at_ms":1.500,"conn":2,"from":"peer","octets":"03000200","skipped":1}`; string(text) != want {
		t.Errorf("got %s, expected %s", text, want)
	}
	var back record.Event
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, e) {
		t.Errorf("got %+v, expected %+v", back, e)
	}
}

// A limit keeps both ends of many events, cuts each, and counts what it leaves out.
func TestCut(t *testing.T) {
	var events []record.Event
	for i := range 6 {
		events = append(events, record.Event{From: record.Peer, Octets: record.Octets(strings.Repeat("x", i+1))})
	}
	got := record.Limit{Events: 4, Each: 5, Bytes: 9}.Cut(events)
	want := []record.Event{
		{From: record.Peer, Octets: record.Octets("x")},
		{From: record.Peer, Octets: record.Octets("xx")},
		{From: record.Peer, Octets: record.Octets("xxxxx"), Skipped: 2},
		{From: record.Peer, Octets: record.Octets("x"), Omitted: 5},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nexpected\n%+v", got, want)
	}
	if got := (record.Limit{Events: 6, Each: 100, Bytes: 100}).Cut(events); !reflect.DeepEqual(got, events) {
		t.Errorf("within the limit: got %+v, expected %+v", got, events)
	}
	text := record.Limit{Events: 1, Each: 3, Bytes: 9}.Cut([]record.Event{{From: record.Runner, Text: "hello"}})
	if text[0].Text != "hel" || text[0].Omitted != 2 {
		t.Errorf("got %+v, expected the text cut to hel", text[0])
	}
}
