//go:build libfuzzer

// Package main builds the fuzz targets into an archive. The script build links it into one
// libFuzzer binary for each target, which entry.c names.
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

func main() {} // never called: the binary starts in libFuzzer's main

// packetspecInitialize runs before libFuzzer installs its signal handlers. A memory fault in
// Go code therefore still is a panic that names its line. A panic that is not recovered
// raises SIGABRT, and libFuzzer's handler for that keeps the input.
//
//export packetspecInitialize
func packetspecInitialize(target *C.char) {
	find(target)
	debug.SetTraceback("crash")
}

// packetspecRun runs a target. If the target fails, it prints the error and the commands
// that reproduce it, and ends the process.
//
//export packetspecRun
func packetspecRun(target *C.char, data *C.uint8_t, size C.size_t) {
	t := find(target)
	input := C.GoBytes(unsafe.Pointer(data), C.int(size))
	if err := t.Run(input); err != nil {
		file := inputFile(input)
		fmt.Fprintf(os.Stderr, "panic: %v\nreproduce: %s %s\n       or: go test ./fuzz/inprocess -count=1 -run '^Fuzz%s$' -input %s\n\n",
			err, os.Args[0], file, t.Name, file)
		C.abort()
	}
}

// inputFile returns the file that a failing input was read from, or to which libFuzzer is
// about to write it.
func inputFile(input []byte) string {
	file := fmt.Sprintf("crash-%x", sha1.Sum(input))
	for _, arg := range os.Args[1:] {
		if content, err := os.ReadFile(arg); err == nil && bytes.Equal(content, input) {
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

// packetspecMutate writes a mutation of data to out, possibly with parts of other, and
// returns its size. It returns 0 if the inputs of the target are not packets.
//
//export packetspecMutate
func packetspecMutate(target *C.char, data *C.uint8_t, size C.size_t, other *C.uint8_t, otherSize C.size_t,
	out *C.uint8_t, limit C.size_t, seed C.uint) C.size_t {
	switch find(target).Name {
	case "RoundTrip", "Session":
		return 0
	}
	chance := rand.New(rand.NewPCG(uint64(seed), 0))
	mutated := mutate.Mutate(chance, C.GoBytes(unsafe.Pointer(data), C.int(size)), C.GoBytes(unsafe.Pointer(other), C.int(otherSize)), int(limit))
	return C.size_t(copy(unsafe.Slice((*byte)(out), limit), mutated))
}

func find(target *C.char) inprocess.Target {
	name := C.GoString(target)
	for _, t := range inprocess.Targets() {
		if t.Name == name {
			return t
		}
	}
	panic("there is no fuzz target " + name)
}
