package environment_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/packetspec/packetspec/internal/environment"
)

// TestExplain gives the advice that helps, and the text of an error without the call.
func TestExplain(t *testing.T) {
	t.Setenv("TMPDIR", "/somewhere")
	for _, c := range []struct {
		err      error
		advice   string
		shortage bool
	}{
		{syscall.EMFILE, "ulimit -n", true},
		{syscall.ENOSPC, "free space or inodes in /somewhere", true},
		{syscall.ENOENT, "it is /somewhere now", false},
		{syscall.EACCES, "set TMPDIR to a folder that this user may write to", false},
		{syscall.ENOMEM, "--parallel 1", true},
	} {
		err := fmt.Errorf("wrapped: %w", &fs.PathError{Op: "mkdirat", Path: "/somewhere/x", Err: c.err})
		got := environment.Explain("make a folder", err)
		begin := "make a folder: /somewhere/x: " + c.err.Error() + "\nhint: "
		if text := got.Error(); !strings.HasPrefix(text, begin) || !strings.Contains(text, c.advice) {
			t.Errorf("got %q, expected it to begin with %q and to contain %q", text, begin, c.advice)
		}
		if !errors.Is(got, c.err) || environment.IsShortage(got) != c.shortage {
			t.Errorf("%v: a shortage is %t, expected %t", c.err, environment.IsShortage(got), c.shortage)
		}
		if again := environment.Explain("do more", got); again != got {
			t.Errorf("got %q, expected an error to be explained once", again)
		}
	}
}
