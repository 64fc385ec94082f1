#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// ---- Memory

static void *allocate(void *context, void *block, size_t old_size, size_t new_size) {
  clua_vm *vm = context;
  size_t old = block != NULL ? old_size : 0;  // for a new block Lua tells what kind it is, not a size
  if (new_size == 0) {
    free(block);
    vm->used -= old;
    return NULL;
  }
  if (vm->enforcing && new_size > old) {
    if (vm->used + vm->external + (new_size - old) > vm->limit) return NULL;
    if (vm->failing != 0) {
      vm->allocations++;
      // Lua collects garbage and tries once more: that has to fail as well.
      if (vm->allocations == vm->failing || vm->allocations == vm->failing + 1) return NULL;
    }
  }
  void *result = realloc(block, new_size);
  if (result == NULL) {
    // Host code is on the stack and an error would jump across it. The host's own allocations end the process in this case, too.
    if (!vm->enforcing) abort();
    return NULL;
  }
  vm->used = vm->used - old + new_size;
  if (vm->used + vm->external > vm->peak) vm->peak = vm->used + vm->external;
  return result;
}

size_t clua_memory_used(clua_vm *vm) { return vm->used + vm->external; }
size_t clua_memory_peak(clua_vm *vm) { return vm->peak; }

void clua_fail_allocation(clua_vm *vm, uint64_t index) {
  vm->failing = index;
  vm->allocations = 0;
}

uint64_t clua_allocations(clua_vm *vm) { return vm->allocations; }

// ---- Life

clua_vm *clua_vm_of(lua_State *L) { return *(clua_vm **)lua_getextraspace(L); }

void clua_set_context(clua_vm *vm, void *context) { vm->host.context = context; }

uintptr_t clua_thread(void) { return (uintptr_t)pthread_self(); }

void *clua_context(clua_vm *vm) { return vm->host.context; }

clua_vm *clua_create(clua_host host, size_t limit) {
  clua_vm *vm = calloc(1, sizeof *vm);
  if (vm == NULL) return NULL;
  vm->host = host;
  vm->limit = limit;
  return vm;
}

typedef struct {
  bool trusted;
  uint64_t seed;
} open_request;

static int open_libraries(lua_State *L) {
  open_request *request = lua_touserdata(L, 1);
  clua_open_base(L, request->trusted, request->seed);
  return 0;
}

lua_State *clua_open(clua_vm *vm, bool trusted, uint64_t seed) {
  vm->enforcing = true;
  lua_State *L = lua_newstate(allocate, vm);
  if (L == NULL) {
    vm->enforcing = false;
    return NULL;
  }
  *(clua_vm **)lua_getextraspace(L) = vm;
  vm->main = L;
  vm->running = L;
  // A short pause and a long stride: host objects are small for Lua and large for the host, so the collector must not lag behind.
  lua_gc(L, LUA_GCINC, 150, 1000, 0);
  open_request request = {trusted, seed};
  lua_pushcfunction(L, open_libraries);
  lua_pushlightuserdata(L, &request);
  int status = lua_pcall(L, 1, 0, 0);
  vm->enforcing = false;
  if (status == LUA_OK) return L;
  clua_close(vm);
  return NULL;
}

void clua_close(clua_vm *vm) {
  lua_State *L = vm->main;
  vm->enforcing = false;
  vm->running = NULL;
  vm->main = NULL;
  if (L != NULL) lua_close(L);
}

void clua_destroy(clua_vm *vm) { free(vm); }

// ---- Where it failed

static void record_frame(clua_vm *vm, lua_Debug *activation) {
  clua_frame *frame = &vm->frames[vm->frame_count++];
  memcpy(frame->source, activation->short_src, sizeof frame->source);
  frame->line = activation->currentline;
  if (activation->name != NULL) {
    snprintf(frame->name, sizeof frame->name, "%s", activation->name);
  } else {
    snprintf(frame->name, sizeof frame->name, "%s", *activation->what == 'm' ? "main chunk" : "?");
  }
}

// Needs no memory: it works when there is none left.
void clua_record_trace(clua_vm *vm, lua_State *L, int level) {
  lua_Debug activation;
  vm->frame_count = 0;
  while (vm->frame_count < CLUA_TRACE && lua_getstack(L, level, &activation)) {
    lua_getinfo(L, "Sln", &activation);
    record_frame(vm, &activation);
    level++;
  }
}

int clua_trace(clua_vm *vm, const clua_frame **frames) {
  *frames = vm->frames;
  return vm->frame_count;
}

bool clua_position(lua_State *L, clua_frame *frame) {
  lua_Debug activation;
  for (int level = 0; lua_getstack(L, level, &activation); level++) {
    lua_getinfo(L, "Sl", &activation);
    if (activation.currentline > 0) {
      memcpy(frame->source, activation.short_src, sizeof frame->source);
      frame->name[0] = 0;
      frame->line = activation.currentline;
      return true;
    }
  }
  return false;
}

// ---- Stopping

static char stop_mark;

static void stop_hook(lua_State *L, lua_Debug *activation) {
  (void)activation;
  clua_vm *vm = clua_vm_of(L);
  if (atomic_load_explicit(&vm->stop, memory_order_relaxed) == CLUA_GO) {
    lua_sethook(L, NULL, 0, 0);  // a coroutine that outlived a stopped call
  } else {
    clua_raise_stop(L);
  }
}

// Safe in a signal handler that interrupts Lua on the same thread, as in the stand-alone interpreter.
void clua_arm(lua_State *L) { lua_sethook(L, stop_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1); }

_Noreturn void clua_raise_stop(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  if (!vm->traced) {
    vm->traced = true;
    clua_record_trace(vm, L, 0);
  }
  // The hook stays: a `pcall` that catches the stop is stopped again at its next instruction.
  clua_arm(L);
  lua_checkstack(L, 1);
  lua_pushlightuserdata(L, &stop_mark);
  lua_error(L);
  abort();  // not reached
}

void clua_interrupt(clua_vm *vm) {
  int go = CLUA_GO;
  if (atomic_compare_exchange_strong(&vm->stop, &go, CLUA_INTERRUPTED)) clua_wake_watchdog();
}

int clua_stopped(clua_vm *vm) { return atomic_load(&vm->stop); }

bool clua_is_stop(lua_State *L, int index) { return lua_touserdata(L, index) == &stop_mark; }

// ---- Calls

// Runs where the error is raised, with the script's frames still there. Does not run for memory errors.
static int record_failure(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  if (!vm->traced) clua_record_trace(vm, L, 1);
  return 1;
}

int clua_depth(clua_vm *vm) { return vm->depth; }

typedef struct {
  lua_State *running;
  bool enforcing;
} call_state;

static call_state enter(clua_vm *vm, lua_State *L, int64_t nanoseconds) {
  call_state before = {vm->running, vm->enforcing};
  if (vm->depth == 0) {
    atomic_store(&vm->stop, CLUA_GO);
    vm->traced = false;
    vm->frame_count = 0;
    vm->running = L;
    clua_watch(vm, nanoseconds);
  }
  vm->depth++;
  vm->running = L;
  vm->enforcing = true;
  return before;
}

static void leave(clua_vm *vm, call_state before) {
  vm->enforcing = before.enforcing;
  vm->running = before.running;
  vm->depth--;
  if (vm->depth == 0) clua_unwatch(vm);
}

int clua_call(clua_vm *vm, lua_State *L, int arguments, int results, int64_t nanoseconds) {
  int function = lua_gettop(L) - arguments;
  lua_pushcfunction(L, record_failure);
  lua_insert(L, function);
  call_state before = enter(vm, L, nanoseconds);
  if (clua_stopped(vm) != CLUA_GO) clua_arm(L);
  int status = lua_pcall(L, arguments, results, function);
  leave(vm, before);
  lua_remove(L, function);
  return status;
}

typedef struct {
  const char *text;
  size_t size;
} source;

static const char *read_source(lua_State *L, void *context, size_t *size) {
  (void)L;
  source *rest = context;
  *size = rest->size;
  rest->size = 0;
  return *size > 0 ? rest->text : NULL;
}

int clua_load(clua_vm *vm, lua_State *L, const char *text, size_t size, const char *name) {
  source whole = {text, size};
  bool enforcing = vm->enforcing;
  vm->enforcing = true;
  int status = lua_load(L, read_source, &whole, name, "t");
  vm->enforcing = enforcing;
  return status;
}

int clua_text(clua_vm *vm, lua_State *L, int64_t nanoseconds) {
  lua_pushcfunction(L, clua_text_function);
  lua_insert(L, -2);
  return clua_call(vm, L, 1, 1, nanoseconds);
}
