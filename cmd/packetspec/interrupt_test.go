package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// after returns a context that a signal has ended.
func after(s syscall.Signal) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(&interruption{s})
	return ctx
}

// TestInterruptedVerbs gives every verb the status of a signal that has come.
func TestInterruptedVerbs(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("input", []byte("\x03\x00\x02\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("corpus", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("corpus/input", []byte("\x03\x00\x02\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{
		"test --run ^EQ-2$", "mutants --run ^EQ-2$", "mutants --run ^EQ-2$ --check", "mutants --record record.json",
		"fuzz --inputs 64", "fuzz --time 1m", "fuzz", "fuzz repro input", "fuzz minimize input", "fuzz triage corpus",
		"fuzz merge into corpus", "fuzz convert corpus into", "list", "explain EQ-2", "matrix input", "decode 03000200", "encode", "adapter",
	} {
		for signal, status := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
			var errs bytes.Buffer
			never, _ := io.Pipe() // as standard input: nothing comes
			got := execute(after(signal), strings.Fields(verb), never, io.Discard, &errs)
			want := "packetspec: interrupted by " + (&interruption{signal}).Error() + "\n"
			if text := errs.String(); got != status || !strings.HasPrefix(text, want) || strings.Contains(text, "context") {
				t.Errorf("%s: got the status %d and %q, expected %d and %q", verb, got, text, status, want)
			}
		}
	}
	if _, err := os.Stat("record.json"); err == nil {
		t.Error("an interrupted run was recorded")
	}
}

// TestNormalEnd ends a campaign without a limit by SIGINT with the status of what it found.
func TestNormalEnd(t *testing.T) {
	found, unwritten := &statusError{status: statusNot}, &statusError{statusUnwritten, errors.New("no space")}
	for _, c := range []struct {
		signal syscall.Signal
		err    error
		want   int
	}{
		{syscall.SIGINT, nil, statusConforms},
		{syscall.SIGINT, found, statusNot},
		{syscall.SIGINT, unwritten, statusUnwritten},
		{syscall.SIGINT, &statusError{statusAdapter, context.Canceled}, 130},
		{syscall.SIGTERM, nil, 143},
		{syscall.SIGTERM, found, 143},
		{syscall.SIGHUP, unwritten, 129},
	} {
		ctx := after(c.signal)
		if got, _ := explainError(nil, interrupted(ctx, byInterrupt(ctx, c.err))); got != c.want {
			t.Errorf("%v after %v: got the status %d, expected %d", c.err, c.signal, got, c.want)
		}
	}
	if got, _ := explainError(nil, interrupted(t.Context(), found)); got != statusNot {
		t.Errorf("without a signal: got the status %d, expected %d", got, statusNot)
	}
}

// TestBlockedVerbs sends signals to verbs that wait for their standard input, and to verbs whose
// output nobody reads on.
func TestBlockedVerbs(t *testing.T) {
	packets := strings.Repeat("03000200", 100_000)
	lines := strings.Repeat(`{"is_request":false,"channel":"0","tag":"1","flags":"1","payload":"6869"}`+"\n", 20_000)
	hello := `{"id":1,"op":"hello","version":1}` + "\n"
	for _, c := range []struct {
		verb, input string
		reads       bool // all that the verb prints
	}{
		{"decode", packets, true},
		{"decode", packets, false},
		{"decode --binary", strings.Repeat("\x03\x00\x02\x00", 100_000), true},
		{"encode", lines, true},
		{"encode", lines, false},
		{"adapter", hello, true},
		{"adapter", strings.Repeat(hello, 10_000), false},
		{"adapter --fault none", hello, true},
		{"list --format json", "", false},
	} {
		for sent, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
			if signal.Ignored(sent) { // and so by the verb, as under nohup
				continue
			}
			if got := blocked(t, c.verb, c.input, c.reads, sent); got != want {
				t.Errorf("%s, whose output is read to the end: %t, after %v: got the status %d, expected %d", c.verb, c.reads, sent, got, want)
			}
		}
	}
}

// blocked starts a verb, sends it a signal once it has printed something, and returns its status.
// The input does not end.
func blocked(t *testing.T, verb, input string, reads bool, signal syscall.Signal) int {
	t.Helper()
	cmd := exec.Command("packetspec", strings.Fields(verb)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	cmd.Stdout = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	go func() { _, _ = io.WriteString(in, input) }()
	if _, err := io.ReadFull(reader, make([]byte, 1)); err != nil {
		t.Fatalf("%s printed nothing: %v", verb, err)
	}
	if reads {
		go func() { _, _ = io.Copy(io.Discard, reader) }()
	}
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status says it
	return cmd.ProcessState.ExitCode()
}

// TestSecondSignal ends a command at once by the second signal, while it waits for the reader of a
// report.
func TestSecondSignal(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // never at its end
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	cmd := exec.Command("packetspec", "test", "--report", "json="+pipe, "--", "bad-adapter", "interrupt")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Read(make([]byte, 1)); err != nil { // of a report that the pipe cannot hold
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status says it
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
		t.Errorf("got %v, expected the end by SIGINT itself", cmd.ProcessState)
	}
}

// TestNohup goes on after a SIGHUP that the program was started to ignore.
func TestNohup(t *testing.T) {
	cmd := exec.Command("sh", "-c", `trap "" HUP; exec packetspec adapter`)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	replies := bufio.NewReader(out)
	for range 2 {
		if _, err := io.WriteString(in, `{"id":1,"op":"hello","version":1}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := replies.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, expected status 0", err)
	}
}
