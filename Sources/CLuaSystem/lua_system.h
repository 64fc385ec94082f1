// The system's Lua 5.4, found by pkg-config.
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
