#ifndef CSPAWN_H
#define CSPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// A started process, and our ends of the pipes to its standard streams, which do not block and are closed on exec.
struct spawn_child {
  pid_t id;
  int input, output, errors;
};

/// What a process is started with. `arguments` and `environment` end with null; `folder` may be null; limits of 0 are none; one that
/// `writes_nothing` can make no file grow.
struct spawn_program {
  const char *path;
  char *const *arguments;
  char *const *environment;
  const char *folder;
  uint64_t memory_bytes, open_files, cpu_seconds;
  bool writes_nothing;
};

/// Starts a program in a session and process group of its own, with no open files but its standard streams, all signals at their defaults and
/// none blocked, and no core files. Returns 0, or the error's number, and then nothing was started.
int spawn_start(const struct spawn_program *program, struct spawn_child *child);

/// Gives up, for this process and all that it starts, privileges that come with a program's file (set-user-ID, capabilities).
void spawn_give_up_privileges(void);

#endif
