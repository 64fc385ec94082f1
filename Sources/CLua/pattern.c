#include "pattern.h"

#include <ctype.h>
#include <string.h>

enum { max_depth = 200 };

static const char *match_rest(clua_matcher *m, const char *at, const char *p);

// The character class that starts at `p` ends before the result.
static const char *class_end(clua_matcher *m, const char *p) {
  if (*p == '%') {
    if (p + 1 == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 2;
  }
  if (*p != '[') return p + 1;
  p++;
  if (p < m->pattern_end && *p == '^') p++;
  // A ']' that stands first is a member of the set.
  for (bool first = true;; first = false) {
    if (p >= m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
    if (*p == ']' && !first) return p + 1;
    p += *p == '%' ? 2 : 1;
  }
}

static bool in_named_class(int character, int name) {
  bool member;
  switch (tolower(name)) {
    case 'a': member = isalpha(character); break;
    case 'c': member = iscntrl(character); break;
    case 'd': member = isdigit(character); break;
    case 'g': member = isgraph(character); break;
    case 'l': member = islower(character); break;
    case 'p': member = ispunct(character); break;
    case 's': member = isspace(character); break;
    case 'u': member = isupper(character); break;
    case 'w': member = isalnum(character); break;
    case 'x': member = isxdigit(character); break;
    default: return name == character;
  }
  return isupper(name) ? !member : member;
}

// `set` is at the '[', `end` behind the ']'.
static bool in_set(int character, const char *set, const char *end) {
  const char *p = set + 1, *last = end - 1;
  bool wanted = true;
  if (*p == '^') {
    wanted = false;
    p++;
  }
  while (p < last) {
    if (*p == '%') {
      if (in_named_class(character, (unsigned char)p[1])) return wanted;
      p += 2;
    } else if (p + 2 < last && p[1] == '-') {
      if ((unsigned char)p[0] <= character && character <= (unsigned char)p[2]) return wanted;
      p += 3;
    } else {
      if ((unsigned char)*p == character) return wanted;
      p++;
    }
  }
  return !wanted;
}

static bool in_class(int character, const char *p, const char *end) {
  switch (*p) {
    case '.': return true;
    case '%': return in_named_class(character, (unsigned char)p[1]);
    case '[': return in_set(character, p, end);
    default: return (unsigned char)*p == character;
  }
}

static bool matches_one(clua_matcher *m, const char *at, const char *p, const char *end) {
  return at < m->text_end && in_class((unsigned char)*at, p, end);
}

static const char *match_greedy(clua_matcher *m, const char *at, const char *p, const char *end) {
  const char *furthest = at;
  while (matches_one(m, furthest, p, end)) furthest++;
  for (;; furthest--) {
    clua_check_stop(m->vm, m->L);
    const char *result = match_rest(m, furthest, end + 1);
    if (result != NULL || furthest == at) return result;
  }
}

static const char *match_lazy(clua_matcher *m, const char *at, const char *p, const char *end) {
  for (;; at++) {
    clua_check_stop(m->vm, m->L);
    const char *result = match_rest(m, at, end + 1);
    if (result != NULL) return result;
    if (!matches_one(m, at, p, end)) return NULL;
  }
}

static const char *match_balanced(clua_matcher *m, const char *at, const char *p) {
  if (m->pattern_end - p < 2) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (at >= m->text_end || *at != p[0]) return NULL;
  int open = 1;
  for (const char *next = at + 1; next < m->text_end; next++) {
    if (*next == p[1]) {
      if (--open == 0) return next + 1;
    } else if (*next == p[0]) {
      open++;
    }
  }
  return NULL;
}

static const char *match_frontier(clua_matcher *m, const char *at, const char *set, const char *set_end) {
  int left = at == m->text ? 0 : (unsigned char)at[-1];
  int right = at == m->text_end ? 0 : (unsigned char)*at;
  return !in_set(left, set, set_end) && in_set(right, set, set_end) ? match_rest(m, at, set_end) : NULL;
}

static const char *match_back_reference(clua_matcher *m, const char *at, char digit) {
  int index = digit - '1';
  if (index < 0 || index >= m->capture_count || m->captures[index].size == CLUA_OPEN) {
    luaL_error(m->L, "invalid capture index %%%d in pattern", index + 1);
  }
  ptrdiff_t size = m->captures[index].size;
  if (size < 0) size = 0;
  return m->text_end - at >= size && memcmp(m->captures[index].start, at, (size_t)size) == 0 ? at + size : NULL;
}

static const char *open_capture(clua_matcher *m, const char *at, const char *p, ptrdiff_t kind) {
  if (m->capture_count >= CLUA_CAPTURES) luaL_error(m->L, "too many captures");
  m->captures[m->capture_count].start = at;
  m->captures[m->capture_count].size = kind;
  m->capture_count++;
  const char *result = match_rest(m, at, p);
  if (result == NULL) m->capture_count--;
  return result;
}

static const char *close_capture(clua_matcher *m, const char *at, const char *p) {
  int index = m->capture_count - 1;
  while (index >= 0 && m->captures[index].size != CLUA_OPEN) index--;
  if (index < 0) luaL_error(m->L, "invalid pattern capture");
  m->captures[index].size = at - m->captures[index].start;
  const char *result = match_rest(m, at, p);
  if (result == NULL) m->captures[index].size = CLUA_OPEN;
  return result;
}

// Matches what of the pattern starts at `p`. Loops over items that need no way back, and calls itself for those that do.
static const char *match_items(clua_matcher *m, const char *at, const char *p) {
  while (p != m->pattern_end) {
    clua_check_stop(m->vm, m->L);
    switch (*p) {
      case '(':
        return p + 1 < m->pattern_end && p[1] == ')' ? open_capture(m, at, p + 2, CLUA_POSITION) : open_capture(m, at, p + 1, CLUA_OPEN);
      case ')': return close_capture(m, at, p + 1);
      case '$':
        if (p + 1 == m->pattern_end) return at == m->text_end ? at : NULL;
        break;
      case '%':
        if (p + 1 == m->pattern_end) break;
        if (p[1] == 'b') {
          at = match_balanced(m, at, p + 2);
          if (at == NULL) return NULL;
          p += 4;
          continue;
        }
        if (p[1] == 'f') {
          if (p + 2 == m->pattern_end || p[2] != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
          return match_frontier(m, at, p + 2, class_end(m, p + 2));
        }
        if (isdigit((unsigned char)p[1])) {
          at = match_back_reference(m, at, p[1]);
          if (at == NULL) return NULL;
          p += 2;
          continue;
        }
        break;
      default: break;
    }
    const char *end = class_end(m, p);
    char suffix = end < m->pattern_end ? *end : 0;
    if (suffix == '*') return match_greedy(m, at, p, end);
    if (suffix == '-') return match_lazy(m, at, p, end);
    if (suffix == '+') return matches_one(m, at, p, end) ? match_greedy(m, at + 1, p, end) : NULL;
    if (suffix == '?') {
      if (matches_one(m, at, p, end)) {
        const char *result = match_rest(m, at + 1, end + 1);
        if (result != NULL) return result;
      }
      p = end + 1;
      continue;
    }
    if (!matches_one(m, at, p, end)) return NULL;
    at++;
    p = end;
  }
  return at;
}

static const char *match_rest(clua_matcher *m, const char *at, const char *p) {
  if (++m->depth > max_depth) luaL_error(m->L, "pattern too complex");
  const char *result = match_items(m, at, p);
  m->depth--;
  return result;
}

const char *clua_match(clua_matcher *matcher, const char *at, const char *pattern) {
  matcher->capture_count = 0;
  matcher->depth = 0;
  return match_rest(matcher, at, pattern);
}

void clua_push_capture(clua_matcher *matcher, int index, const char *start, const char *end) {
  lua_State *L = matcher->L;
  if (index >= matcher->capture_count) {
    if (index != 0) luaL_error(L, "invalid capture index %%%d", index + 1);
    lua_pushlstring(L, start, (size_t)(end - start));
    return;
  }
  ptrdiff_t size = matcher->captures[index].size;
  if (size == CLUA_OPEN) luaL_error(L, "unfinished capture");
  if (size == CLUA_POSITION) {
    lua_pushinteger(L, matcher->captures[index].start - matcher->text + 1);
  } else {
    lua_pushlstring(L, matcher->captures[index].start, (size_t)size);
  }
}

int clua_push_captures(clua_matcher *matcher, const char *start, const char *end) {
  int count = matcher->capture_count == 0 && start != NULL ? 1 : matcher->capture_count;
  luaL_checkstack(matcher->L, count, "too many captures");
  for (int index = 0; index < count; index++) clua_push_capture(matcher, index, start, end);
  return count;
}
