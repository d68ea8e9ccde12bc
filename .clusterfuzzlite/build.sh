#!/bin/bash -eu
# Runs in the image of the Dockerfile in this folder, which sets $SRC, $OUT, compilers and flags.
"$SRC/packetspec/fuzz/libfuzzer/build" "$OUT"
