#pragma once

#include "error_sums.h"
#include "neighbors.h"
