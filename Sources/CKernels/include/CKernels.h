#pragma once

#include "checksum.h"
#include "error_sums.h"
#include "linear.h"
#include "neighbors.h"
