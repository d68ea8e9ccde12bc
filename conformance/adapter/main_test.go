package adapter_test

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

// TestMain runs the tests or, with modeVariable set, an adapter that a test has started.
func TestMain(m *testing.M) {
	if mode := os.Getenv(modeVariable); mode != "" {
		modes[mode]() // and then exits with status 0
		return
	}
	goleak.VerifyTestMain(m)
}

const modeVariable = "PACKETSPEC_TEST_ADAPTER"

// modes holds what the test binary does as an adapter, by the value of modeVariable.
var modes = map[string]func(){
	// the reference's adapter
	"reference": serveStdio,
	// the reference's adapter with a child that has left its process group and holds its
	// pipes open
	"escape": func() {
		held, err := os.OpenFile(os.Getenv("HELD"), os.O_WRONLY, 0)
		if err != nil {
			panic(err)
		}
		child := exec.Command("sleep", "1000")
		child.Stdout, child.Stderr, child.ExtraFiles = os.Stdout, os.Stderr, []*os.File{held}
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			panic(err)
		}
		_, _ = os.Stderr.WriteString(itoa(child.Process.Pid) + "\n")
		serveStdio()
	},
}

func serveStdio() {
	if err := adapter.Serve(context.Background(), goreference.Implementation{}, os.Stdin, os.Stdout); err != nil {
		panic(err)
	}
}

// self returns a process that runs this test binary as an adapter.
func self(t *testing.T, mode string) adapter.Process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return adapter.Process{Argv: []string{binary}, Env: append(os.Environ(), modeVariable+"="+mode)}
}
