#!/bin/bash -eu
# Run in the image of the Dockerfile beside it, which sets $SRC, $OUT, compilers and flags.
"$SRC/packetspec/fuzz/libfuzzer/build" "$OUT"
