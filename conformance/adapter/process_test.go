package adapter_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// hello is a line of shell that answers the first command.
const hello = `read line; echo '{"id":1,"version":1,"name":"shell"}'; `

// shell returns an adapter that runs a script.
func shell(script string) adapter.Process {
	return adapter.Process{Argv: []string{"sh", "-c", script}}
}

// TestProcess drives the reference's adapter as a process, from hello to its end.
func TestProcess(t *testing.T) {
	s := start(t, self(t, "reference"))
	check(t, "name", s.Hello.Name, "packetspec reference")
	p := connect(t, s)
	send(t, p, request(1, 3, "x"))
	next(t, p, `response: tag 1, ok, payload "x"`)
}

// TestProcessFailsToStart checks the message for each way in which a start can fail.
func TestProcessFailsToStart(t *testing.T) {
	for name, c := range map[string]struct {
		process adapter.Process
		want    []string
	}{
		"no such file": {
			adapter.Process{Argv: []string{"./no such adapter", "x"}},
			[]string{`cannot speak to the adapter "'./no such adapter' x": `, "no such file"},
		},
		"ends at once": {
			shell(`echo 'no module of that name' >&2; exit 7`),
			[]string{"it ended before it answered hello (exit status 7)\n", "its standard error:\n    no module of that name"},
		},
		"ends at once without a word": {
			shell(`exit 0`),
			[]string{"it ended before it answered hello (exit status 0)\nhint: the program may have ended without reading its standard input; "},
		},
		"is killed": {
			shell(`kill -9 $$`),
			[]string{"it ended before it answered hello (signal: killed)"},
		},
		"prints what is not a reply": {
			shell(`echo Traceback; echo 'import failed' >&2`),
			[]string{`printed a line that is not a reply: "Traceback"`, "import failed"},
		},
		"answers amiss": {
			shell(`read line; echo '{"id":1,"version":1}'; cat`),
			[]string{`internal: the adapter's reply to "hello" lacks "name"`},
		},
		"prints the command back": {
			shell(`cat`),
			[]string{"it printed the command itself back\nhint: an adapter answers each command with a reply"},
		},
		"is a line in quotes": {
			adapter.Process{Argv: []string{"sh -c  true", "a b"}},
			[]string{`no such program`, "\nhint: leave the quotes out: -- sh -c true 'a b'"},
		},
		"answers with an error": {
			shell(`read line; echo '{"id":1,"error":{"kind":"internal","message":"no memory"}}'; cat`),
			[]string{"internal: no memory"},
		},
		"speaks another version": {
			shell(`read line; echo '{"id":1,"version":9,"name":"x"}'; cat`),
			[]string{"version 9", "version 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.process.Start(patiently(t))
			var failed *adapter.StartError
			if !errors.As(err, &failed) {
				t.Fatalf("got %v, expected a StartError", err)
			}
			check(t, "command", failed.Command, c.process.String())
			checkText(t, "error", err.Error(), append(c.want, "cannot speak to the adapter")...)
			if failed.Stderr == "" && strings.Contains(err.Error(), "standard error") {
				t.Errorf("the error mentions a standard error that is empty: %v", err)
			}
		})
	}
}

func TestStartErrorUnwraps(t *testing.T) {
	_, err := adapter.Process{Argv: []string{"/no/such/adapter"}}.Start(patiently(t))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, expected fs.ErrNotExist in it", err)
	}
}

func TestProcessDoesNotAnswerHello(t *testing.T) {
	t.Parallel()
	ctx, cancel := adapter.WithStartTime(context.Background(), 100*time.Millisecond, errors.New("no answer within 100ms"))
	defer cancel()
	_, err := shell(`echo 'still importing' >&2; sleep 1000`).Start(ctx)
	if err == nil {
		t.Fatal("got no error")
	}
	checkText(t, "error", err.Error(), "it did not answer hello: no answer within 100ms", "\nhint: flush standard output after each line")
}

func TestProcessString(t *testing.T) {
	for want, argv := range map[string][]string{
		`python3 adapter.py`:             {"python3", "adapter.py"},
		`./a b=c -x --y=1,2 /d/e.f:g@h`:  {"./a", "b=c", "-x", "--y=1,2", "/d/e.f:g@h"},
		`'my adapter' '' 'it'\''s' '$x'`: {"my adapter", "", "it's", "$x"},
		"'a\tb' '*' '?' 'a;b' '~' '#'":   {"a\tb", "*", "?", "a;b", "~", "#"},
	} {
		check(t, "command", adapter.Process{Argv: argv}.String(), want)
	}
}

// TestProcessEnvironment shows that Env replaces the environment.
func TestProcessEnvironment(t *testing.T) {
	p := shell(`read line; echo "{\"id\":1,\"version\":1,\"name\":\"x\",\"release\":\"$GREETING\"}"; cat`)
	p.Env = []string{"GREETING=good day"}
	check(t, "release", start(t, p).Hello.Release, "good day")
}

// TestStderrIsKept shows that both ends of a long standard error are kept, in whole lines, and that
// it begins anew where a scenario does.
func TestStderrIsKept(t *testing.T) {
	s := start(t, shell(hello+`i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done; read line; echo '{"id":2}'; cat`))
	do(t, s, adapter.Message{Op: adapter.OpRelease})
	waitUntil(t, "all lines", func() bool {
		n, ok := s.StderrTotal()
		return ok && n == int64(len("line 0\n")*10+len("line 10\n")*90+len("line 100\n")*900+len("line 1000\n")*1000)
	})
	log := s.Stderr()
	if !strings.HasPrefix(log, "line 0\nline 1\n") || !strings.HasSuffix(log, "\nline 1999\n") {
		t.Errorf("got %q … %q, expected whole lines, from the first to the last", log[:min(len(log), 40)], log[max(0, len(log)-40):])
	}
	checkText(t, "the middle", log, "\n… (", " more bytes) …\nline ")
	if len(log) < 12000 || len(log) > 12<<10+len("… (10000 more bytes) …\n") {
		t.Errorf("got %d bytes, expected about 12288", len(log))
	}
	s.MarkStderr()
	check(t, "after a mark", s.Stderr(), "")
}

// waitUntil calls yes until it returns true.
func waitUntil(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for ctx := patiently(t); !yes(); {
		if ctx.Err() != nil {
			t.Fatalf("%s: did not happen within %v", what, patience)
		}
	}
}

// TestLastWords shows that the start error contains what an adapter wrote just before it
// ended, although its end is seen on another pipe.
func TestLastWords(t *testing.T) {
	for i := range 30 {
		_, err := shell(`head -c 60000 /dev/zero | tr '\0' 'x' >&2; printf '\nlast words\n' >&2; exit 7`).Start(patiently(t))
		if err == nil || !strings.HasSuffix(err.Error(), "last words") {
			t.Fatalf("start %d: got an error that ends with %q, expected the last words", i, tailOf(fmt.Sprint(err)))
		}
	}
}

func tailOf(s string) string { return s[max(0, len(s)-100):] }

// TestMemory measures an adapter that surely uses more than 1 MiB: the test binary.
func TestMemory(t *testing.T) {
	s, err := self(t, "reference").Start(patiently(t))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := s.Memory()
	if files, seen := s.Descriptors(); seen && files < 3 {
		t.Errorf("%d files are open, expected at least the three standard streams", files)
	}
	if !ok || n < 1<<20 || n > 1<<32 {
		t.Errorf("Memory: got %d bytes, %t; expected from 1 MiB to 4 GiB", n, ok)
	}
	s.Kill()
	if n, ok := s.Memory(); ok {
		t.Errorf("Memory of an adapter that was killed: got %d bytes, expected that it cannot be measured", n)
	}
}
