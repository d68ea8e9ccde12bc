package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestResultsStream reads the explanation of a failure while the next scenario is still running: it
// hangs until the run is interrupted.
func TestResultsStream(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // only so that a failure of this test ends
	defer cancel()
	cmd := exec.CommandContext(ctx, "packetspec", "test", "--run", "^HND-1$", "--parallel", "1", "--timeout", "1h",
		"--", "bad-adapter", "exit-then-hang", "open", "1")
	cmd.Dir = t.TempDir()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "  run again ") {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait()
	if ctx.Err() != nil || !strings.HasPrefix(text.String(), "CRASH ") {
		t.Errorf("got\n%s\nexpected a crash to be explained before the run ended (%v)", &text, ctx.Err())
	}
}
