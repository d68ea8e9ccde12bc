package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/conformance/report"
)

// start is when the runs of these tests begin.
var start = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)

func afterStart(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

func nothing(report.Result) {}

// TestProgressInALog writes a line at each tick, and nothing between.
func TestProgressInALog(t *testing.T) {
	synctest.Test(t, testProgressInALog)
}

func testProgressInALog(t *testing.T) {
	var log bytes.Buffer
	p := newRunProgress(732, start)
	p.w = &log
	ticks, done := make(chan time.Time), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { p.watch(ticks, done) })
	tick := func(seconds float64) {
		ticks <- afterStart(seconds)
		synctest.Wait()
	}
	tick(10)
	p.begin("tags/first", afterStart(11))
	p.begin("tags/second", afterStart(12.4))
	p.begin("tags/third", afterStart(13))
	p.observe(report.Result{ID: "tags/first", Outcome: report.Pass}, afterStart(14), nothing)
	p.observe(report.Result{ID: "tags/third", Outcome: report.Timeout, Level: "should"}, afterStart(15), nothing)
	tick(20)
	p.begin("tags/fourth", afterStart(21))
	tick(30)
	p.observe(report.Result{ID: "tags/second", Outcome: report.Flaky}, afterStart(31), nothing)
	p.observe(report.Result{ID: "tags/fourth", Outcome: report.Known}, afterStart(31), nothing)
	tick(95)
	close(done)
	watching.Wait()
	const want = `running 10s: 0 of 732, 0 failed; the adapter has not answered hello yet
running 20s: 2 of 732, 1 failed; now tags/second, 8s
running 30s: 2 of 732, 1 failed; now tags/second, 18s, and 1 more
running 1m35s: 4 of 732, 2 failed
`
	if log.String() != want {
		t.Errorf("got\n%s\nexpected\n%s", &log, want)
	}
}

// TestProgressOnATerminal keeps one line on terminals of several widths, also while they are
// resized, and what is printed above it.
func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	width := 40
	p := newRunProgress(732, start)
	p.w, p.columns = &out, func() int { return width }
	p.stop = func() {}
	show := func(width int) string {
		s := newTerminalModel(width)
		s.write(out.String())
		return s.String()
	}
	expect := func(width int, want string) {
		t.Helper()
		if got := show(width); got != want {
			t.Errorf("got a screen of %d columns\n%s\nexpected\n%s", width, got, want)
		}
	}
	p.begin("tags/a-tag-is-used-again-after-its-answer", start)
	p.update(afterStart(1), func() {})
	expect(40, "1s: 0 of 732, 0 failed; now tags/a-tag…")
	printed := func(r report.Result) { _, _ = fmt.Fprintf(p.above(&out), "FAIL %s\n", r.ID) }
	p.observe(report.Result{ID: "tags/x", Outcome: report.Fail}, afterStart(61), printed)
	expect(40, "FAIL tags/x\n1m1s: 1 of 732, 1 failed; now tags/a-t…")
	width = 20
	p.update(afterStart(62), func() {})
	expect(40, "FAIL tags/x\n1m2s: 1 of 732, 1 …")
	width = 100
	p.update(afterStart(63), func() {})
	expect(100, "FAIL tags/x\n1m3s: 1 of 732, 1 failed; now tags/a-tag-is-used-again-after-its-answer, 1m3s")
	p.end()
	expect(100, "FAIL tags/x\n")
	out.Reset()
	width = 1
	p.update(afterStart(64), func() {})
	expect(1, "…")
}

// TestProgressIsDrawnTenTimesASecond writes the line once in a tenth of a second at most, and shows
// what came meanwhile at the next tick.
func TestProgressIsDrawnTenTimesASecond(t *testing.T) {
	var out bytes.Buffer
	p := newRunProgress(1000, start)
	p.w, p.columns = &out, func() int { return 100 }
	p.stop = func() {}
	draws := func() int { return strings.Count(out.String(), " of 1000, ") }
	for i := range 1000 { // one each millisecond
		p.observe(report.Result{ID: "tags/x", Outcome: report.Pass}, afterStart(float64(i)/1000), nothing)
	}
	if n := draws(); n != 10 {
		t.Errorf("the line was drawn %d times in a second, expected 10", n)
	}
	p.update(afterStart(1.01), func() {})
	if s := newTerminalModel(100); draws() != 11 {
		t.Errorf("the line was drawn %d times, expected once more at the tick", draws())
	} else if s.write(out.String()); s.String() != "1s: 1000 of 1000, 0 failed" {
		t.Errorf("got %q, expected the last state", s)
	}
	p.update(afterStart(1.2), func() {})
	if n := draws(); n != 11 {
		t.Errorf("the line was drawn %d times, expected no more: it is the same", n)
	}
}

// A terminalModel is a terminal that understands the control sequences that packetspec writes.
type terminalModel struct {
	width int
	rows  [][]rune
	row   int
	col   int
}

func newTerminalModel(width int) *terminalModel {
	return &terminalModel{width: width, rows: [][]rune{nil}}
}

func (m *terminalModel) write(text string) {
	for len(text) > 0 {
		sequence, rest, is := controlSequence(text)
		switch {
		case is && sequence == "\x1b[K":
			m.rows[m.row] = m.rows[m.row][:min(m.col, len(m.rows[m.row]))]
		case is && strings.HasSuffix(sequence, "m"):
		case is:
			panic(fmt.Sprintf("the terminal does not know %q", sequence))
		default:
			r := []rune(text)[0]
			rest = text[len(string(r)):]
			m.put(r)
		}
		text = rest
	}
}

func controlSequence(text string) (sequence, rest string, is bool) {
	if !strings.HasPrefix(text, "\x1b[") {
		return "", text, false
	}
	end := 2 + strings.IndexFunc(text[2:], func(r rune) bool { return r >= '@' && r <= '~' }) + 1
	return text[:end], text[end:], true
}

func (m *terminalModel) put(r rune) {
	switch r {
	case '\r':
		m.col = 0
		return
	case '\n':
		m.newRow()
		return
	}
	if m.col == m.width {
		m.newRow()
	}
	for len(m.rows[m.row]) <= m.col {
		m.rows[m.row] = append(m.rows[m.row], ' ')
	}
	m.rows[m.row][m.col] = r
	m.col++
}

func (m *terminalModel) newRow() {
	m.row++
	m.col = 0
	if m.row == len(m.rows) {
		m.rows = append(m.rows, nil)
	}
}

func (m *terminalModel) String() string {
	lines := make([]string, len(m.rows))
	for i, row := range m.rows {
		lines[i] = strings.TrimRight(string(row), " ")
	}
	return strings.Join(lines, "\n")
}
