package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"
)

// Who pipes live traffic sees each packet before the next one comes.
func TestLiveTraffic(t *testing.T) {
	const packet = `{"is_request":false,"channel":"0","tag":"1","flags":"1","payload":"6869"}`
	for _, c := range []struct{ command, in, out string }{
		{"decode", "0401046869\n", packet + "\n"},
		{"decode --binary", "\x04\x01\x04hi", packet + "\n"},
		{"decode --format text", "0401046869", "       0  Packet(is_request=False,channel=0,tag=1,flags=0x01,payload=b'hi')\n"},
		{"encode", packet + "\n", "0401046869\n"},
	} {
		t.Run(c.command, func(t *testing.T) {
			in, toStdin := io.Pipe()
			fromStdout, out := io.Pipe()
			ended := make(chan int)
			go func() {
				status := execute(context.Background(), strings.Fields(c.command), in, out, io.Discard)
				_ = out.Close()
				ended <- status
			}()
			if _, err := io.WriteString(toStdin, c.in); err != nil {
				t.Fatal(err)
			}
			stdout := bufio.NewReader(fromStdout)
			if got, err := stdout.ReadString('\n'); err != nil || got != c.out {
				t.Errorf("got %q and the error %v, expected %q", got, err, c.out)
			}
			_ = toStdin.Close()
			if rest, err := io.ReadAll(stdout); err != nil || len(rest) > 0 {
				t.Errorf("got %q and the error %v after it", rest, err)
			}
			if status := <-ended; status != 0 {
				t.Errorf("the exit status is %d", status)
			}
		})
	}
}
