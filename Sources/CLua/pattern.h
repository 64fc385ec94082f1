#ifndef CLUA_PATTERN_H
#define CLUA_PATTERN_H

#include "internal.h"

enum { CLUA_CAPTURES = 32, CLUA_POSITION = -1, CLUA_OPEN = -2 };

/// A match of a Lua pattern (reference manual §6.4.1) against a text. A pattern can backtrack for longer than anyone waits, in C,
/// where no hook fires: every step of the matcher therefore looks for a stop.
typedef struct {
  lua_State *L;
  clua_vm *vm;
  const char *text, *text_end, *pattern_end;
  int depth;
  int capture_count;
  struct {
    const char *start;
    ptrdiff_t size;  // or CLUA_POSITION, or CLUA_OPEN until it is closed
  } captures[CLUA_CAPTURES];
} clua_matcher;

/// Matches `pattern` at `at`, after forgetting all captures; returns the end of the match, or `NULL`.
const char *clua_match(clua_matcher *matcher, const char *at, const char *pattern);
/// Pushes capture `index`; capture 0 of a match without captures is the whole of `start`…`end`. [-0, +1]
void clua_push_capture(clua_matcher *matcher, int index, const char *start, const char *end);
/// Pushes all captures, or the whole match when there are none and `start` is given; returns their number.
int clua_push_captures(clua_matcher *matcher, const char *start, const char *end);

#endif
