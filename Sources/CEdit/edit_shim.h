// The system's libedit, found by pkg-config, with its variadic functions as plain ones: Swift cannot call variadics.
#include <histedit.h>
