package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeAdapter runs the adapter that the README shows, with a small codec as the
// reader's implementation.
func TestReadmeAdapter(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("the README's adapter is in Python, and python3 is not installed")
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)## Test your implementation\n.*?```python\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("README.md shows no Python")
	}
	dir := t.TempDir()
	const yourpackets = `
def integer(v):
    octets = [v & 0x7F]
    while v := v >> 7:
        octets.insert(0, v & 0x7F | 0x80)
    return bytes(octets)

def encode(is_request, channel, tag, flags, rq_type, payload):
    word = flags << 2 | is_request << 1 | (channel != 0)
    body = integer(tag) + integer(word) + (integer(channel) if channel else b"")
    body += (integer(rq_type) if is_request else b"") + payload
    return integer(len(body)) + body
`
	for name, content := range map[string][]byte{"adapter.py": block[1], "yourpackets.py": []byte(yourpackets)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(flags ...string) (status int, out string) {
		var stdout, stderr bytes.Buffer
		args := slices.Concat([]string{"test"}, flags, []string{"--", python, filepath.Join(dir, "adapter.py")})
		status = execute(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
		return status, stdout.String() + stderr.String()
	}
	status, out := run("--run", "ENC-1")
	if status != statusConforms {
		t.Errorf("status %d, expected 0\n%s", status, out)
	}
	if !regexp.MustCompile(`(?m)^must +[1-9]\d* +0 +0 +0 +0 +0 +0 +0$`).MatchString(out) {
		t.Errorf("expected every scenario to pass, got\n%s", out)
	}
	// It lacks most of the core, so it conforms to no profile.
	for _, flags := range []string{"", "--strict", "--profile codec", "--profile everything"} {
		if status, out := run(strings.Fields(flags)...); status != statusNot || !strings.Contains(out, " requires ") {
			t.Errorf("with the flags %q: status %d, expected 1 and what is required\n%s", flags, status, out)
		}
	}
}
