//go:build ignore

// What libFuzzer calls, for the one target that TARGET names. All but the choice of the
// mutator is in main.go.

#include <stddef.h>
#include <stdint.h>

#include "packetspec.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);

// Only what is under test counts as coverage.
#define HIDDEN __attribute__((no_sanitize("coverage")))

HIDDEN int LLVMFuzzerInitialize(int *argc, char ***argv) {
	packetspecInitialize(TARGET);
	return 0;
}

HIDDEN int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	packetspecRun(TARGET, (uint8_t *)data, size);
	return 0;
}

// Half of the mutations know packets; the others are libFuzzer's, which know what the
// code compared its input with.
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
