package adapter_test

import (
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// TestMissingFields shows that a reply that lacks a field is told by the field's
// name, and is an error of the adapter's own: nothing is taken for a zero.
func TestMissingFields(t *testing.T) {
	for _, c := range []struct{ op, reply, missing string }{
		{adapter.OpHello, `{"id":1}`, `["version" "name"]`},
		{adapter.OpHello, `{"id":1,"version":1}`, `["name"]`},
		{adapter.OpHello, `{"id":1,"name":"n"}`, `["version"]`},
		{adapter.OpEncode, `{"id":1}`, `["bytes"]`},
		{adapter.OpEncode, `{"id":1,"bytes":null}`, `["bytes"]`},
		{adapter.OpDecode, `{"id":1}`, `["packet" "consumed"]`},
		{adapter.OpDecode, `{"id":1,"packet":{"is_request":false,"channel":"0","tag":"0","flags":"0","payload":""}}`, `["consumed"]`},
		{adapter.OpDecode, `{"id":1,"packet":{},"consumed":2}`, `["packet.channel" "packet.tag" "packet.flags" "packet.payload"]`},
		{adapter.OpDecode, `{"id":1,"packet":{"is_request":true,"channel":"0","tag":"0","flags":"0","payload":""},"consumed":3}`, `["packet.rq_type"]`},
		{adapter.OpDecode, `{"id":1,"consumed":0}`, `["packet"]`},
		{adapter.OpEqual, `{"id":1}`, `["equal"]`},
		{adapter.OpString, `{"id":1}`, `["string"]`},
		{adapter.OpWait, `{"id":1}`, `["ok" "flags" "payload"]`},
		{adapter.OpWait, `{"id":1,"ok":true,"flags":"0"}`, `["payload"]`},
		{adapter.OpWait, `{"id":1,"ok":true,"payload":""}`, `["flags"]`},
		{adapter.OpDo, `{"id":1,"flags":"0","payload":""}`, `["ok"]`},
		{adapter.OpSeen, `{"id":1}`, `["calls"]`},
		{adapter.OpTicks, `{"id":1}`, `["ticks"]`},
	} {
		t.Run(c.op+c.reply, func(t *testing.T) {
			_, err := reply(t, c.op, c.reply)
			checkKind(t, c.reply, err, adapter.Internal)
			if err != nil {
				checkText(t, c.reply, err.Error(), c.op, "lacks "+c.missing)
			}
		})
	}
}

// TestWholeReplies holds for replies that have what they need, zeros included.
func TestWholeReplies(t *testing.T) {
	for _, c := range []struct{ op, reply string }{
		{adapter.OpHello, `{"id":1,"version":1,"name":"n"}`},
		{adapter.OpEncode, `{"id":1,"bytes":""}`},
		{adapter.OpDecode, `{"id":1,"packet":{"is_request":false,"channel":"0","tag":"0","flags":"0","payload":""},"consumed":0}`},
		{adapter.OpEqual, `{"id":1,"equal":false}`},
		{adapter.OpString, `{"id":1,"string":""}`},
		{adapter.OpOpen, `{"id":1}`},
		{adapter.OpRequest, `{"id":1}`},
		{adapter.OpWait, `{"id":1,"ok":false,"flags":"0","payload":""}`},
		{adapter.OpDo, `{"id":1,"ok":false,"flags":"0","payload":""}`},
		{adapter.OpRelease, `{"id":1}`},
		{adapter.OpSeen, `{"id":1,"calls":[]}`},
		{adapter.OpTicks, `{"id":1,"ticks":[]}`},
		{adapter.OpShutdown, `{"id":1}`},
		{adapter.OpJoin, `{"id":1}`},
		{adapter.OpClose, `{"id":1}`},
	} {
		t.Run(c.op, func(t *testing.T) {
			if _, err := reply(t, c.op, c.reply); err != nil {
				t.Errorf("%s: got the error %v, expected none", c.reply, err)
			}
		})
	}
}

// reply is what a client makes of one reply to one command.
func reply(t *testing.T, op, line string) (adapter.Reply, error) {
	t.Helper()
	s := newScript(t)
	p := s.Send(adapter.Message{Op: op})
	s.hear()
	s.say("%s", line)
	return await(t, p)
}
