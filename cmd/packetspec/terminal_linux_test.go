package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs packetspec on a pseudo terminal of a width, with more environment variables, and
// returns what the terminal got.
func onTerminal(t *testing.T, columns uint16, env []string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("packetspec")
	if err != nil {
		t.Fatal(err)
	}
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this system has no pseudo terminals: %v", err)
	}
	defer func() { _ = master.Close() }()
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.Dir = t.TempDir()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); name != "CI" && name != "NO_COLOR" && name != "TERM" {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, append([]string{"TERM=xterm"}, env...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close()
	var got bytes.Buffer
	_, _ = io.Copy(&got, master) // ends with an error, once nobody holds the other end
	_ = cmd.Wait()               // its status does not matter here
	return got.String()
}

// duration matches the only parts of a report that differ from run to run.
var duration = regexp.MustCompile(`scenarios in [0-9.]+m?s|[0-9.]+ ms`)

var colorSequence = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestOnATerminal shows a person the same report as a file gets, broken where the terminal is
// narrow, and no remains of the progress line, which never takes more than one line.
func TestOnATerminal(t *testing.T) {
	args := []string{"test", "--run", "^tags/", "-v", "--parallel", "1", "--replay-dir", "kept", "--", "bad-adapter", "exit-once", "open", "2"}
	plain := exec.Command("packetspec", args...)
	plain.Dir = t.TempDir()
	text, err := plain.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, columns := range []int{40, 100} {
		got := onTerminal(t, uint16(columns), nil, args...)
		for i, drawn := range strings.Split(got, eraseLine) {
			line := drawn[strings.LastIndex(drawn, "\n")+1:]
			if n := len([]rune(line)); n >= columns {
				t.Errorf("%d columns: progress line %d takes %d: %q", columns, i, n, line)
			}
		}
		shown, want := newTerminalModel(columns), newTerminalModel(columns)
		shown.write(duration.ReplaceAllString(got, "a time"))
		want.write(duration.ReplaceAllString(string(text), "a time"))
		if shown.String() != want.String() {
			t.Errorf("got a screen of %d columns\n%s\nexpected\n%s", columns, shown, want)
		}
		if !strings.Contains(got, eraseLine) {
			t.Errorf("%d columns: got %q, expected a progress line", columns, got)
		}
		for _, want := range []string{"\x1b[1;31mCRASH\x1b[0m ", "\x1b[32mPASS\x1b[0m "} {
			if !strings.Contains(got, want) {
				t.Errorf("%d columns: got %q, expected it to contain %q", columns, got, want)
			}
		}
	}
}

// TestGivenUpOnATerminal says there once why a run was given up.
func TestGivenUpOnATerminal(t *testing.T) {
	got := onTerminal(t, 200, nil, "test", "--run", "^responses/", "--", "bad-adapter", "exit", "open", "1")
	if n := strings.Count(got, "replied to no other command"); n != 1 {
		t.Errorf("got %q, which says %d times why the run was given up, expected 1", got, n)
	}
}

// TestTerminalsWithoutAProgressLine shows it and colors only where they are wanted.
func TestTerminalsWithoutAProgressLine(t *testing.T) {
	for _, c := range []struct {
		env            string
		flags          []string
		line, inColors bool
	}{
		{"A=b", nil, true, true},
		{"CI=true", nil, false, false},
		{"TERM=dumb", nil, false, false},
		{"TERM=", nil, false, false},
		{"NO_COLOR=1", nil, true, false},
		{"NO_COLOR=", nil, true, true},
		{"A=b", []string{"--color", "never"}, true, false},
		{"NO_COLOR=1", []string{"--color", "always"}, true, true},
	} {
		got := onTerminal(t, 80, []string{c.env}, append([]string{"test", "--run", "^EQ-1$", "-v"}, c.flags...)...)
		what := fmt.Sprint(c.env, c.flags)
		if strings.Contains(got, eraseLine) != c.line {
			t.Errorf("%s: got %q, expected a progress line: %v", what, got, c.line)
		}
		if colorSequence.MatchString(got) != c.inColors {
			t.Errorf("%s: got %q, expected colors: %v", what, got, c.inColors)
		}
	}
}
