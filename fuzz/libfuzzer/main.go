//go:build libfuzzer

// Package main is the fuzz targets as an archive that libFuzzer's binaries are linked
// with: one binary a target, which entry.c names. See build.
package main

// #include <stdint.h>
// #include <stdlib.h>
import "C"

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"unsafe"

	"github.com/packetspec/packetspec/fuzz/inprocess"
	"github.com/packetspec/packetspec/fuzz/mutate"
)

func main() {} // never called: libFuzzer's is

// packetspecInitialize comes before libFuzzer's signal handlers, so that a fault in Go
// code stays a panic that names its line. One that nobody recovers ends in SIGABRT, for
// which libFuzzer has a handler: it keeps the input.
//
//export packetspecInitialize
func packetspecInitialize(target *C.char) {
	find(target)
	debug.SetTraceback("crash")
}

// packetspecRun runs a target. What it finds is told, and ends the process.
//
//export packetspecRun
func packetspecRun(target *C.char, data *C.uint8_t, size C.size_t) {
	t := find(target)
	input := C.GoBytes(unsafe.Pointer(data), C.int(size))
	if err := t.Run(input); err != nil {
		file := kept(input)
		fmt.Fprintf(os.Stderr, "panic: %v\nreproduce: %s %s\n       or: go test ./fuzz/inprocess -count=1 -run '^Fuzz%s$' -input %s\n\n",
			err, os.Args[0], file, t.Name, file)
		C.abort()
	}
}

// kept is the file that an input which crashes came from, or in which libFuzzer is about
// to keep it.
func kept(input []byte) string {
	file := fmt.Sprintf("crash-%x", sha1.Sum(input))
	for _, arg := range os.Args[1:] {
		if octets, err := os.ReadFile(arg); err == nil && bytes.Equal(octets, input) {
			file = arg
			break
		}
		if prefix, ok := strings.CutPrefix(arg, "-artifact_prefix="); ok {
			file = prefix + file
		}
	}
	if absolute, err := filepath.Abs(file); err == nil {
		return absolute
	}
	return file
}

// packetspecMutate replaces data by a variation, into which parts of other may go, and
// returns its size: 0 if the target's inputs are not packets.
//
//export packetspecMutate
func packetspecMutate(target *C.char, data *C.uint8_t, size C.size_t, other *C.uint8_t, otherSize C.size_t,
	out *C.uint8_t, limit C.size_t, seed C.uint) C.size_t {
	switch find(target).Name {
	case "RoundTrip", "Session":
		return 0
	}
	chance := rand.New(rand.NewPCG(uint64(seed), 0))
	octets := mutate.Mutate(chance, C.GoBytes(unsafe.Pointer(data), C.int(size)), C.GoBytes(unsafe.Pointer(other), C.int(otherSize)), int(limit))
	return C.size_t(copy(unsafe.Slice((*byte)(out), limit), octets))
}

func find(target *C.char) inprocess.Target {
	name := C.GoString(target)
	for _, t := range inprocess.Targets() {
		if t.Name == name {
			return t
		}
	}
	panic("no fuzz target " + name)
}
