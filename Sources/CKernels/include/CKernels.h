#pragma once

#include "checksum.h"
#include "error_sums.h"
#include "hnsw.h"
#include "neighbors.h"
