#pragma once

#include "checksum.h"
#include "error_sums.h"
#include "neighbors.h"
#include "trees.h"
