// What Swift does not see of the system without its GNU extensions: a new session, closing inherited files, limits of another process.
#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void limit(pid_t id, int resource, rlim_t value) {
  struct rlimit limit = {value, value};
  prlimit(id, resource, &limit, NULL);
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, const struct spawn_program *program,
                   int pipes[3][2]) {
  int code = 0;
  for (int stream = 0; stream < 3 && code == 0; stream++)
    code = posix_spawn_file_actions_adddup2(actions, pipes[stream][stream == 0 ? 0 : 1], stream);
  // Files that another thread opened without O_CLOEXEC would keep pipes open that somebody waits for.
  if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(actions, 3);
  if (code == 0 && program->folder) code = posix_spawn_file_actions_addchdir_np(actions, program->folder);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  if (code == 0) code = posix_spawnattr_setsigdefault(attributes, &all);
  if (code == 0) code = posix_spawnattr_setsigmask(attributes, &none);
  if (code == 0) code = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  return code;
}

int spawn_start(const struct spawn_program *program, struct spawn_child *child) {
  int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
  int code = 0;
  for (int stream = 0; stream < 3 && code == 0; stream++)
    if (pipe2(pipes[stream], O_CLOEXEC) != 0) code = errno;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (code == 0) code = posix_spawn_file_actions_init(&actions);
  if (code == 0) {
    code = posix_spawnattr_init(&attributes);
    if (code == 0) {
      code = prepare(&actions, &attributes, program, pipes);
      if (code == 0) code = posix_spawn(&child->id, program->path, &actions, &attributes, program->arguments, program->environment);
      posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  int ours[3] = {pipes[0][1], pipes[1][0], pipes[2][0]};
  int theirs[3] = {pipes[0][0], pipes[1][1], pipes[2][1]};
  for (int stream = 0; stream < 3; stream++) {
    if (theirs[stream] >= 0) close(theirs[stream]);
    if (code != 0 && ours[stream] >= 0) close(ours[stream]);
  }
  if (code != 0) return code;
  for (int stream = 0; stream < 3; stream++) fcntl(ours[stream], F_SETFL, O_NONBLOCK);
  child->input = ours[0];
  child->output = ours[1];
  child->errors = ours[2];
  // After the start, as posix_spawn sets no limits: the program has hardly begun by then.
  limit(child->id, RLIMIT_CORE, 0);
  if (program->memory_bytes) limit(child->id, RLIMIT_AS, program->memory_bytes);
  if (program->open_files) limit(child->id, RLIMIT_NOFILE, program->open_files);
  if (program->cpu_seconds) limit(child->id, RLIMIT_CPU, program->cpu_seconds);
  if (program->writes_nothing) limit(child->id, RLIMIT_FSIZE, 0);
  return 0;
}

void spawn_give_up_privileges(void) { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
