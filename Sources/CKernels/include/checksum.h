#pragma once

#include <stddef.h>
#include <stdint.h>

/// XXH64 of `count` bytes with seed 0: Y. Collet, "xxHash fast digest algorithm", specification 0.1.1. Little-endian machines only.
uint64_t lathe_checksum(const void *bytes, size_t count);
