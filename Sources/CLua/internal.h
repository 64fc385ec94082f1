#ifndef CLUA_INTERNAL_H
#define CLUA_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "CLua.h"

enum { CLUA_TRACE = 20 };

struct clua_vm {
  clua_host host;
  lua_State *main;

  // Memory, in bytes. `external` is what host objects hold outside Lua; `debt` what the collector has not been told of yet.
  size_t used, peak, limit, external, debt;
  bool enforcing;
  uint64_t allocations, failing;

  // Stopping. `running` is the coroutine that executes; the signal handler reads it on the thread that writes it.
  _Atomic int stop;
  lua_State *volatile running;
  int depth, closing;
  clua_vm *outer;  // the VM whose host function called into this one, on the same thread

  // What the watchdog knows of a running call, under its lock.
  int64_t deadline;
  pthread_t thread;
  clua_vm *next, *previous;

  bool traced;
  int frame_count;
  clua_frame frames[CLUA_TRACE];

  lua_Integer identities;  // objects that `tostring` has numbered
};

// vm.c
void clua_arm(lua_State *L);
/// Stops the script here: arms the hook and raises.
_Noreturn void clua_raise_stop(lua_State *L);
/// Raises when the script has been told to stop. For loops in C, where no hook fires.
static inline void clua_check_stop(clua_vm *vm, lua_State *L) {
  if (atomic_load_explicit(&vm->stop, memory_order_relaxed) != CLUA_GO) clua_raise_stop(L);
}
void clua_record_trace(clua_vm *vm, lua_State *L, int level);
/// Calls the host function of the first upvalue; the one way into the host.
int clua_trampoline(lua_State *L);

// watchdog.c
void clua_watch(clua_vm *vm, int64_t nanoseconds);
void clua_unwatch(clua_vm *vm);
void clua_wake_watchdog(void);

// base.c
void clua_open_base(lua_State *L, bool trusted, uint64_t seed);
/// Pushes the text of the value at `index` without any address. [-0, +1]
const char *clua_push_text(lua_State *L, int index, size_t *size);
int clua_text_function(lua_State *L);
int clua_refuse_write(lua_State *L);

// load.c
int clua_load_function(lua_State *L);
/// `require(name)`: its upvalues are the host's loader and the table of what is loaded.
int clua_require_function(lua_State *L);

// coroutine.c, text.c, list.c: each pushes the finished library table. [-0, +1]
void clua_open_coroutine(lua_State *L);
void clua_open_text(lua_State *L);
void clua_open_list(lua_State *L);
/// Copies `names` (ended by NULL) from the table at `from` into the table on top.
void clua_copy(lua_State *L, int from, const char *const *names);

#endif
