package adapter_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// TestOrphans shows which processes have outlived an adapter that exited by itself.
func TestOrphans(t *testing.T) {
	for script, want := range map[string]int{`sleep 1000 & cat >&2; exit 0`: 1, `cat >&2; exit 0`: 0} {
		s, err := shell(hello + script).Start(patiently(t))
		if err != nil {
			t.Fatal(err)
		}
		if s.Orphans() != nil {
			t.Errorf("%s: there are orphans while the adapter runs", script)
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		orphans := s.Orphans()
		check(t, script, len(orphans), want)
		if want > 0 && len(orphans) > 0 && !strings.HasPrefix(orphans[0], "sleep (process ") {
			t.Errorf("got %q, expected sleep", orphans[0])
		}
	}
}

// TestHolders shows which processes of an adapter hold a file open.
func TestHolders(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows what files other processes hold open")
	}
	held := filepath.Join(t.TempDir(), "held")
	t.Setenv("HELD", held)
	s, err := shell(`exec 9>"$HELD"; sleep 1000 & exec 9>&-; ` + hello + `cat >&2`).Start(patiently(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	if err := os.Remove(held); err != nil {
		t.Fatal(err)
	}
	others, first := s.Holders(held)
	if len(others) != 1 || !strings.HasPrefix(others[0], "sleep (process ") || first {
		t.Errorf("got %q, %v, expected sleep and not the first process", others, first)
	}
	if others, first := s.Holders(held + "x"); others != nil || first {
		t.Errorf("another file: got %q, %v", others, first)
	}
}

// TestWithStreams has streams stand between a client and its adapter.
func TestWithStreams(t *testing.T) {
	for name, s := range map[string]adapter.Starter{"process": self(t, "reference"), "in process": reference} {
		var sent, came bytes.Buffer
		ctx := adapter.WithStreams(patiently(t), func(in io.WriteCloser, out io.Reader) (io.Writer, io.Reader) {
			return io.MultiWriter(in, &sent), io.TeeReader(out, &came)
		})
		session, err := s.Start(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := session.Stop(); err != nil {
			t.Error(err)
		}
		<-session.Ended()
		checkText(t, name+": sent", sent.String(), `{"id":1,"op":"hello","version":1}`)
		checkText(t, name+": came", came.String(), `{"id":1,"version":1,`)
	}
}
