// Command bench compares the reference with what a program would use in its place: other
// protocols for requests and responses over one stream, and the bare pipe.
//
//	go run .                      measure, and print the tables
//	go run . -update              write RESULTS.md, results.svg and the README's table too
//	go run . -gate                fail if the reference has become slower against its peers
//	go run . -original PYTHON     measure the original too, by this interpreter
//
// Every contender echoes a payload. A round measures each once, in a random order, so that
// a machine that changes its speed changes that of all. The table shows medians over the
// rounds, with the quartiles.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

// A load is what is measured: so many requests of a size at a time.
type load struct {
	name     string
	size     int // octets of a payload
	inFlight int
	pending  int // further requests, which are not answered
}

var loads = []load{
	{"one at a time, 64 B", 64, 1, 0},
	{"64 in flight, 64 B", 64, 64, 0},
	{"4 in flight, 1 MiB", 1 << 20, 4, 0},
}

// crowded are loads for the reference alone.
var crowded = []load{
	{"none", 64, 1, 0},
	{"100", 64, 1, 100},
	{"10,000", 64, 1, 10_000},
	{"100,000", 64, 1, 100_000},
}

func main() {
	rounds := flag.Int("rounds", 10, "how many rounds")
	length := flag.Duration("time", 250*time.Millisecond, "how long one measurement takes")
	update := flag.Bool("update", false, "write RESULTS.md, results.svg, and the table in the README of the project")
	gated := flag.Bool("gate", false, "compare ratios with the limits, and end with status 1 if one is exceeded twice")
	original := flag.String("original", "", "the `interpreter` of Python that has cs.packetstream")
	only := flag.String("only", "", "measure only contenders whose name contains this `text`, and the reference")
	serving := flag.String("serve", "", "the contender to serve over descriptors 3 and 4, for -transport processes")
	flag.Parse()
	logrus.SetOutput(io.Discard) // ttrpc logs the end of a connection
	if *serving != "" {
		find(*serving).serve(duplex{os.NewFile(3, "recv"), os.NewFile(4, "send")})
		return
	}
	b := bench{rounds: *rounds, length: *length, original: *original, only: *only}
	if *gated {
		os.Exit(b.gate(os.Stdout))
	}
	var results []result
	for _, t := range transports {
		results = append(results, b.measure(t, loads, os.Stderr)...)
	}
	var alone []result
	for _, l := range crowded {
		alone = append(alone, result{transport: transports[0].name, contender: crowdedReference, load: l})
	}
	alone = b.rounded(transports[0], alone, os.Stderr)
	tables := markdown(results, *rounds) + flatness(alone)
	fmt.Print(tables)
	if *update {
		if err := errors.Join(
			os.WriteFile("RESULTS.md", []byte("# Results\n\n"+tables), 0o666),
			os.WriteFile("results.svg", []byte(svg(results)), 0o666),
			updateReadme("../../README.md", summary(results, *rounds)),
		); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// A bench measures.
type bench struct {
	rounds   int
	length   time.Duration
	original string
	only     string
}

// A result holds the times of one contender under one load, one for each round.
type result struct {
	transport, contender string
	load                 load
	times                []time.Duration // for one request
}

// measure returns the results of all contenders over one transport.
func (b bench) measure(t transport, loads []load, progress io.Writer) []result {
	var results []result
	for _, l := range loads {
		for _, c := range contenders {
			if strings.Contains(c.name, b.only) || c.name == reference {
				results = append(results, result{transport: t.name, contender: c.name, load: l})
			}
		}
		if b.original != "" && t.name == processes {
			results = append(results, result{transport: t.name, contender: originalName, load: l})
		}
	}
	return b.rounded(t, results, progress)
}

// rounded measures in rounds, and adds the times to the results.
func (b bench) rounded(t transport, results []result, progress io.Writer) []result {
	for round := range b.rounds {
		_, _ = fmt.Fprintf(progress, "%s: round %d of %d\n", t.name, round+1, b.rounds)
		for _, i := range rand.Perm(len(results)) {
			r := &results[i]
			took, err := b.once(t, r)
			if err != nil {
				_, _ = fmt.Fprintf(progress, "%s, %s: %v\n", r.contender, r.load.name, err)
				continue
			}
			r.times = append(r.times, took)
		}
	}
	return results
}

// once measures one contender under one load, and returns the time for one request.
func (b bench) once(t transport, r *result) (time.Duration, error) {
	if r.contender == originalName {
		return b.askOriginal(r.load)
	}
	runtime.GC() // what the one before has left is not this one's to collect
	c := find(r.contender)
	conn, end, err := t.connect(c)
	if err != nil {
		return 0, err
	}
	defer end()
	client, err := c.client(conn, r.load)
	if err != nil {
		return 0, err
	}
	if _, _, err := client(time.Now().Add(b.length / 5)); err != nil { // warms up
		return 0, err
	}
	n, took, err := client(time.Now().Add(b.length))
	if err != nil || n == 0 {
		return 0, cmp.Or(err, fmt.Errorf("no request was answered in time"))
	}
	return took / time.Duration(n), nil
}

const originalName = "the original (Python)"

// askOriginal lets the original measure itself.
func (b bench) askOriginal(l load) (time.Duration, error) {
	cmd := exec.Command(b.original, "original.py", fmt.Sprint(l.size), fmt.Sprint(l.inFlight), fmt.Sprint(2*b.length.Seconds()))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, errs.String())
	}
	return time.ParseDuration(strings.TrimSpace(out.String()) + "ns")
}

// A transport connects a client to a contender's server.
type transport struct {
	name    string
	connect func(contender) (client net.Conn, end func(), err error)
}

const processes = "two pipes, two processes"

var transports = []transport{
	{"two pipes, one process", func(c contender) (net.Conn, func(), error) {
		near, far, err := pipes()
		if err != nil {
			return nil, nil, err
		}
		go c.serve(far)
		return near, func() { _, _ = near.Close(), far.Close() }, nil
	}},
	{processes, func(c contender) (net.Conn, func(), error) {
		near, far, err := pipes()
		if err != nil {
			return nil, nil, err
		}
		self, err := os.Executable()
		if err != nil {
			return nil, nil, err
		}
		cmd := exec.Command(self, "-serve", c.name)
		cmd.ExtraFiles, cmd.Stderr = []*os.File{far.recv, far.send}, os.Stderr
		err = cmd.Start()
		_ = far.Close()
		return near, func() { _, _, _ = near.Close(), cmd.Process.Kill(), cmd.Wait() }, err
	}},
	{"a socket pair, one process", func(c contender) (net.Conn, func(), error) {
		near, far, err := sockets()
		if err != nil {
			return nil, nil, err
		}
		go c.serve(far)
		return near, func() { _, _ = near.Close(), far.Close() }, nil
	}},
}
