package relay

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// asProcess names the variable that has the test binary be a relay between its descriptors 3, 4, 5 and 6.
const asProcess = "PACKETSPEC_TEST_RELAY"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	file := func(fd int) PipeEnd {
		_ = syscall.SetNonblock(fd, true) // as the pipes of a process are that packetspec starts
		return PipeEnd{os.NewFile(uintptr(fd), "pipe")}
	}
	r := &Relay{Judge: NewJudge(testOptions(), time.Now()), Ends: [2]Endpoint{{file(3), file(4)}, {file(5), file(6)}}}
	r.Run(context.Background())
}

// A middle is a process or two between the ends of two pipes.
type middle struct {
	there, thereEnd *os.File // from left to right
	back, backEnd   *os.File // from right to left
	processes       []*exec.Cmd
}

// start starts a relay between two pairs of pipes, or two copies of cat.
func start(b *testing.B, plain bool) *middle {
	b.Helper()
	pipe := func() (r, w *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		return r, w
	}
	m := &middle{}
	source, in := pipe()
	out, sink := pipe()
	backSource, backIn := pipe()
	backOut, backSink := pipe()
	m.there, m.thereEnd, m.back, m.backEnd = in, out, backIn, backOut
	if plain {
		for _, ends := range [][2]*os.File{{source, sink}, {backSource, backSink}} {
			cat := exec.Command("cat")
			cat.Stdin, cat.Stdout = ends[0], ends[1]
			m.processes = append(m.processes, cat)
		}
	} else {
		relay := exec.Command(os.Args[0])
		relay.Env = append(os.Environ(), asProcess+"=1")
		relay.Stderr = os.Stderr
		relay.ExtraFiles = []*os.File{source, backSink, backSource, sink}
		m.processes = append(m.processes, relay)
	}
	for _, p := range m.processes {
		if err := p.Start(); err != nil {
			b.Fatal(err)
		}
	}
	for _, f := range []*os.File{source, sink, backSource, backSink} {
		_ = f.Close()
	}
	m.exchange(b, []byte{3, 1, 2, 3}, []byte{2, 1, 4}) // everything has started
	return m
}

// exchange sends a request and its answer.
func (m *middle) exchange(b *testing.B, request, answer []byte) {
	buf := make([]byte, max(len(request), len(answer)))
	_, _ = m.there.Write(request)
	_, err := io.ReadFull(m.thereEnd, buf[:len(request)])
	_, _ = m.back.Write(answer)
	if _, back := io.ReadFull(m.backEnd, buf[:len(answer)]); err != nil || back != nil {
		b.Fatal(err, back)
	}
}

func (m *middle) stop() {
	for _, f := range []*os.File{m.there, m.thereEnd, m.back, m.backEnd} {
		_ = f.Close()
	}
	for _, p := range m.processes {
		_ = p.Wait()
	}
}

// BenchmarkRelay compares a relay with a plain copy, cat, in one run: the metric x/cat is how many times as long the
// relay takes, by the fastest of all rounds of each, since a busy machine only adds to both.
func BenchmarkRelay(b *testing.B) {
	batch := func(head []byte, size, packets int) (octets []byte) {
		for tag := range packets {
			packet := append(bytes.Clone(head), make([]byte, size-len(head))...)
			packet[bytes.IndexByte(head, 1)] = byte(1 + tag)
			octets = append(octets, packet...)
		}
		return octets
	}
	for _, traffic := range []struct {
		name            string
		request, answer []byte
		rounds          int
	}{
		{"exchanges of small packets", []byte{3, 1, 2, 3}, []byte{2, 1, 4}, 500},
		{"packets of 1 KiB", batch([]byte{0x87, 0x7e, 1, 2, 3}, 1024, 32), batch([]byte{0x87, 0x7e, 1, 4}, 1024, 32), 500},
		{"packets of 64 KiB", batch([]byte{0x83, 0xff, 0x7d, 1, 2, 3}, 1<<16, 1), batch([]byte{0x83, 0xff, 0x7d, 1, 4}, 1<<16, 1), 500},
	} {
		b.Run(traffic.name, func(b *testing.B) {
			plain, relay := start(b, true), start(b, false)
			defer plain.stop()
			defer relay.stop()
			var fastest [2]time.Duration
			for b.Loop() {
				for i, m := range []*middle{plain, relay} { // in turn, so that both meet the same load
					began := time.Now()
					for range traffic.rounds {
						m.exchange(b, traffic.request, traffic.answer)
					}
					if took := time.Since(began); fastest[i] == 0 || took < fastest[i] {
						fastest[i] = took
					}
				}
			}
			b.ReportMetric(float64(fastest[1])/float64(fastest[0]), "x/cat")
		})
	}
}
