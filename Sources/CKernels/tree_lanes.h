#pragma once

#include "clones.h"

#include <stdint.h>

// Fusing would round differently from CPU to CPU, and splits would differ.
#pragma STDC FP_CONTRACT OFF

#define LANES 8
typedef double numbers __attribute__((vector_size(8 * LANES), aligned(8)));
typedef int64_t integers __attribute__((vector_size(8 * LANES), aligned(8)));

// No function: a vector would be handed over in other registers from CPU to CPU.
#define CHOSEN(mask, yes, no) ((numbers)(((mask) & (integers)(yes)) | (~(mask) & (integers)(no))))
