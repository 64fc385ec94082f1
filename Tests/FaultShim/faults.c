/* Makes one system call of a program fail, or kills it there: preloaded by tests, so that every place where a disk may fail, or a process die, can be
   gone through one after the other.

   FAULT_FOLDER   calls on files below it count: open for writing, write, pwrite, fsync, fdatasync, ftruncate, rename, unlink, mkdir
   FAULT_AT       the number of the call that is struck, from 1; 0: none
   FAULT_MODE     kill (before the call), killafter, EIO, ENOSPC, short (half is written)
   FAULT_COUNT    a file that gets the number of calls at the end */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;
static long struck;
static const char *folder, *mode = "", *count_path;

__attribute__((constructor)) static void begin(void) {
  folder = getenv("FAULT_FOLDER");
  const char *at = getenv("FAULT_AT");
  struck = at ? atol(at) : 0;
  if (getenv("FAULT_MODE")) mode = getenv("FAULT_MODE");
  count_path = getenv("FAULT_COUNT");
}

__attribute__((destructor)) static void end(void) {
  if (!count_path) return;
  FILE *file = fopen(count_path, "w");
  if (!file) return;
  fprintf(file, "%ld", atomic_load(&calls));
  fclose(file);
}

static int is_ours(const char *path) { return folder && path && strncmp(path, folder, strlen(folder)) == 0 && !strstr(path, "/logs/"); }

static int is_our_file(int descriptor) {
  char link[64], path[PATH_MAX];
  if (!folder) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

/* Counts a call; 1 when it is the one that is struck. Does not return when the program is to die here. */
static int strike(int ours) {
  if (!ours || atomic_fetch_add(&calls, 1) + 1 != struck) return 0;
  if (!strcmp(mode, "kill")) kill(getpid(), SIGKILL);
  return 1;
}

static int fails(void) {
  if (!strcmp(mode, "EIO")) return errno = EIO;
  if (!strcmp(mode, "ENOSPC")) return errno = ENOSPC;
  return 0;
}

static void after(int is_struck) {
  if (is_struck && !strcmp(mode, "killafter")) kill(getpid(), SIGKILL);
}

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

#define DESCRIPTOR_CALL(type, name, parameters, arguments, types, shortened) \
  type name parameters { \
    int now = strike(is_our_file(descriptor)); \
    if (now && fails()) return -1; \
    if (now && !strcmp(mode, "short")) { shortened; } \
    type result = REAL(type, name, types) arguments; \
    after(now); \
    return result; \
  }
#define COMMA ,

DESCRIPTOR_CALL(ssize_t, write, (int descriptor, const void *bytes, size_t size), (descriptor, bytes, size), int COMMA const void * COMMA size_t,
                if (size > 1) size /= 2)
DESCRIPTOR_CALL(ssize_t, pwrite, (int descriptor, const void *bytes, size_t size, off_t place), (descriptor, bytes, size, place),
                int COMMA const void * COMMA size_t COMMA off_t, if (size > 1) size /= 2)
DESCRIPTOR_CALL(ssize_t, pwrite64, (int descriptor, const void *bytes, size_t size, off64_t place), (descriptor, bytes, size, place),
                int COMMA const void * COMMA size_t COMMA off64_t, if (size > 1) size /= 2)
DESCRIPTOR_CALL(int, fsync, (int descriptor), (descriptor), int, (void)0)
DESCRIPTOR_CALL(int, fdatasync, (int descriptor), (descriptor), int, (void)0)
DESCRIPTOR_CALL(int, ftruncate, (int descriptor, off_t size), (descriptor, size), int COMMA off_t, (void)0)
DESCRIPTOR_CALL(int, ftruncate64, (int descriptor, off64_t size), (descriptor, size), int COMMA off64_t, (void)0)

#define PATH_CALL(name, path, parameters, arguments, types) \
  int name parameters { \
    int now = strike(is_ours(path)); \
    if (now && fails()) return -1; \
    int result = REAL(int, name, types) arguments; \
    after(now); \
    return result; \
  }

PATH_CALL(rename, to, (const char *from, const char *to), (from, to), const char * COMMA const char *)
PATH_CALL(unlink, path, (const char *path), (path), const char *)
PATH_CALL(mkdir, path, (const char *path, mode_t rights), (path, rights), const char * COMMA mode_t)

#define OPEN_CALL(name) \
  int name(const char *path, int flags, ...) { \
    mode_t rights = 0; \
    if (flags & O_CREAT) { \
      va_list list; \
      va_start(list, flags); \
      rights = va_arg(list, int); \
      va_end(list); \
    } \
    int now = strike((flags & O_ACCMODE) != O_RDONLY && is_ours(path)); \
    if (now && fails()) return -1; \
    int result = REAL(int, name, const char *, int, ...)(path, flags, rights); \
    after(now); \
    return result; \
  }

OPEN_CALL(open)
OPEN_CALL(open64)
