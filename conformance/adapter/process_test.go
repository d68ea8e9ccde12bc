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

// hello is how a shell answers the first command.
const hello = `read line; echo '{"id":1,"version":1,"name":"shell"}'; `

// shell is an adapter that a few words of shell make.
func shell(script string) adapter.Process {
	return adapter.Process{Argv: []string{"sh", "-c", script}}
}

// TestProcess runs the reference's adapter as a process, from hello to its end.
func TestProcess(t *testing.T) {
	s := start(t, self(t, "reference"))
	check(t, "name", s.Hello.Name, "packetspec reference")
	p := connect(t, s)
	send(t, p, request(1, 3, "x"))
	next(t, p, `response: tag 1, ok, payload "x"`)
}

// TestProcessFailsToStart holds for what a person reads of an adapter that cannot be
// started or spoken to.
func TestProcessFailsToStart(t *testing.T) {
	for name, c := range map[string]struct {
		process adapter.Process
		told    []string
	}{
		"no such file": {
			adapter.Process{Argv: []string{"./no such adapter", "x"}},
			[]string{`cannot speak to the adapter "'./no such adapter' x": `, "no such file"},
		},
		"ends at once": {
			shell(`echo 'no module of that name' >&2; exit 7`),
			[]string{"it ended before it answered hello (exit status 7)\n", "its standard error ended with:\n    no module of that name"},
		},
		"ends at once without a word": {
			shell(`exit 0`),
			[]string{"it ended before it answered hello (exit status 0)"},
		},
		"is killed": {
			shell(`kill -9 $$`),
			[]string{"it ended before it answered hello (signal: killed)"},
		},
		"prints what is no reply": {
			shell(`echo Traceback; echo 'import failed' >&2`),
			[]string{`printed a line that is no reply: "Traceback"`, "import failed"},
		},
		"answers amiss": {
			shell(`read line; echo '{"id":1,"version":1}'; cat`),
			[]string{`internal: the adapter's reply to "hello" lacks ["name"]`},
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
			checkText(t, "error", err.Error(), append(c.told, "cannot speak to the adapter")...)
			if failed.Stderr == "" && strings.Contains(err.Error(), "standard error") {
				t.Errorf("it tells of a standard error that is empty: %v", err)
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
	ctx, cancel := context.WithTimeoutCause(context.Background(), 100*time.Millisecond, errors.New("no answer within 100ms"))
	defer cancel()
	_, err := shell(`echo 'still importing' >&2; sleep 1000`).Start(ctx)
	if err == nil {
		t.Fatal("got no error")
	}
	checkText(t, "error", err.Error(), "it did not answer hello: no answer within 100ms")
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

// TestProcessEnvironment has an adapter that gets what it is given, and nothing else.
func TestProcessEnvironment(t *testing.T) {
	p := shell(`read line; echo "{\"id\":1,\"version\":1,\"name\":\"x\",\"release\":\"$GREETING\"}"; cat`)
	p.Env = []string{"GREETING=good day"}
	check(t, "release", start(t, p).Hello.Release, "good day")
}

// TestStderrIsKept shows that what an adapter wrote last, before it ended, is there
// to be told, however much it is: the beginning goes, up to a line's end.
func TestStderrIsKept(t *testing.T) {
	s := start(t, shell(hello+`i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done; read line; echo '{"id":2}'; cat`))
	do(t, s, adapter.Message{Op: adapter.OpRelease})
	waitUntil(t, "all lines", func() bool {
		n, ok := s.StderrTotal()
		return ok && n == int64(len("line 0\n")*10+len("line 10\n")*90+len("line 100\n")*900+len("line 1000\n")*1000)
	})
	log := s.Stderr(0)
	if !strings.HasPrefix(log, "…\nline ") || !strings.HasSuffix(log, "\nline 1999\n") {
		t.Errorf("got %q … %q, expected whole lines, up to the last", log[:min(len(log), 40)], log[max(0, len(log)-40):])
	}
	if len(log) < 8000 || len(log) > 8<<10+len("…\n") {
		t.Errorf("got %d octets, expected about 8192", len(log))
	}
}

// waitUntil asks again and again until the answer is yes.
func waitUntil(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for ctx := patiently(t); !yes(); {
		if ctx.Err() != nil {
			t.Fatalf("%s: not so within %v", what, patience)
		}
	}
}

// TestLastWords shows that nothing is lost of what an adapter writes just before it
// ends, though its end shows on another pipe.
func TestLastWords(t *testing.T) {
	for i := range 30 {
		_, err := shell(`head -c 60000 /dev/zero | tr '\0' 'x' >&2; printf '\nlast words\n' >&2; exit 7`).Start(patiently(t))
		if err == nil || !strings.HasSuffix(err.Error(), "last words") {
			t.Fatalf("start %d: got an error that ends with %q, expected the last words", i, tailOf(fmt.Sprint(err)))
		}
	}
}

func tailOf(s string) string { return s[max(0, len(s)-100):] }

// TestMemory takes the test binary, which has some megabytes at least, for the adapter.
func TestMemory(t *testing.T) {
	s, err := self(t, "reference").Start(patiently(t))
	if err != nil {
		t.Fatal(err)
	}
	octets, ok := s.Memory()
	if files, seen := s.Descriptors(); seen && files < 3 {
		t.Errorf("%d files are open, expected at least the three standard streams", files)
	}
	if !ok || octets < 1<<20 || octets > 1<<32 {
		t.Errorf("the adapter is said to have %d octets of memory (%t)", octets, ok)
	}
	s.Kill()
	if octets, ok := s.Memory(); ok {
		t.Errorf("an adapter that was killed is said to have %d octets of memory", octets)
	}
}
