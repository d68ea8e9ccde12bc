//go:build ignore

// The functions that libFuzzer calls, for the target that TARGET names. They choose the
// mutator; main.go does the rest.

#include <stddef.h>
#include <stdint.h>

#include "packetspec.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);

// Keeps these functions out of the coverage, which counts only the code under test.
#define HIDDEN __attribute__((no_sanitize("coverage")))

HIDDEN int LLVMFuzzerInitialize(int *argc, char ***argv) {
	packetspecInitialize(TARGET);
	return 0;
}

HIDDEN int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	packetspecRun(TARGET, (uint8_t *)data, size);
	return 0;
}

// Half of the mutations come from package mutate, which knows packets. The others come
// from libFuzzer, which knows the values that the code compared its input with.
HIDDEN size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned int seed) {
	size_t n = 0;
	if (seed % 2 == 0)
		n = packetspecMutate(TARGET, data, size, NULL, 0, data, limit, seed);
	return n ? n : LLVMFuzzerMutate(data, size, limit);
}

HIDDEN size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other, size_t other_size,
                                        uint8_t *out, size_t limit, unsigned int seed) {
	return packetspecMutate(TARGET, (uint8_t *)data, size, (uint8_t *)other, other_size, out, limit, seed);
}
