#pragma once

#include "checksum.h"
#include "cpu.h"
#include "error_sums.h"
#include "hnsw.h"
#include "linear.h"
#include "neighbors.h"
#include "networks.h"
#include "products.h"
#include "trees.h"
