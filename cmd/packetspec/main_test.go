package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"packetspec":      func() { os.Exit(run()) },
		"bad-adapter":     func() { os.Exit(badAdapter(os.Args[1:])) },
		"open-adapter":    func() { os.Exit(openAdapter(os.Args[1:])) },
		"foreign-adapter": func() { os.Exit(foreignAdapter(os.Args[1:])) },
		"lacking-adapter": func() { os.Exit(lackingAdapter(os.Args[1:])) },
		"speaker":         func() { os.Exit(speaker(os.Args[1:])) },
		"await-file":      func() { os.Exit(awaitFile(os.Args[1:])) },
		"packet-program":  func() { os.Exit(packetProgram(os.Args[1:])) },
	})
}

// TestScripts runs the command as a person would. Each file of testdata/script is a session
// about one use of it, or one sort of mistake.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"status": status},
		Condition:           condition,
	})
}

// condition reports whether this user is root, whom no permission stops, or whether tmpfs can be mounted
// in a namespace of its own.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	if name != "tmpfs" {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil, nil
}

// status runs a command that must end with an exit status: status 3 packetspec test …
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s: exit status %d, expected %d", strings.Join(args[1:], " "), got, want)
	}
}
