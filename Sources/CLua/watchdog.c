// One thread a process that watches the running calls of all VMs. When a call is overdue or interrupted it signals the thread that
// executes the script; the handler, on that thread, arms a hook on the running coroutine. A standing count hook instead would
// make every script about twice as slow.
#define _GNU_SOURCE
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include "internal.h"

static pthread_once_t started = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t wake;
static _Atomic bool ready;
static clua_vm *watched;
static int64_t wakes_at = INT64_MAX;

static _Thread_local clua_vm *volatile current;
static _Thread_local bool unblocked;

// A signal may find the thread just between two coroutines, or in code that lost it; it is repeated until the call returns.
static const int64_t repeat_nanoseconds = 50 * 1000 * 1000;

static int stop_signal(void) { return SIGRTMIN + 7; }

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void on_signal(int signal) {
  (void)signal;
  int error = errno;
  for (clua_vm *vm = current; vm != NULL; vm = vm->outer) {
    if (atomic_load_explicit(&vm->stop, memory_order_relaxed) != CLUA_GO && vm->running != NULL) clua_arm(vm->running);
  }
  errno = error;
}

static void *watch(void *unused) {
  (void)unused;
  for (;;) {
    pthread_mutex_lock(&lock);
    int64_t time = now(), next = INT64_MAX;
    for (clua_vm *vm = watched; vm != NULL; vm = vm->next) {
      if (vm->deadline <= time) {
        int go = CLUA_GO;
        atomic_compare_exchange_strong(&vm->stop, &go, CLUA_TIMEOUT);
      }
      int64_t due = vm->deadline;
      if (atomic_load(&vm->stop) != CLUA_GO) {
        pthread_kill(vm->thread, stop_signal());
        due = time + repeat_nanoseconds;
      }
      if (due < next) next = due;
    }
    wakes_at = next;
    pthread_mutex_unlock(&lock);
    if (next == INT64_MAX) {
      sem_wait(&wake);
    } else {
      struct timespec until = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
      sem_clockwait(&wake, CLOCK_MONOTONIC, &until);
    }
  }
  return NULL;
}

static void start(void) {
  sem_init(&wake, 0, 0);
  atomic_store(&ready, true);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(stop_signal(), &action, NULL);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread inherits it: signals of the process go to others
  pthread_t thread;
  if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void clua_watch(clua_vm *vm, int64_t nanoseconds) {
  pthread_once(&started, start);
  if (!unblocked) {  // threads of a pool block all signals
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, stop_signal());
    pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
    unblocked = true;
  }
  vm->outer = current;
  current = vm;
  vm->thread = pthread_self();
  vm->deadline = INT64_MAX;
  if (nanoseconds > 0) {
    int64_t time = now();
    vm->deadline = nanoseconds < INT64_MAX - time ? time + nanoseconds : INT64_MAX;
  }
  vm->previous = NULL;
  pthread_mutex_lock(&lock);
  vm->next = watched;
  if (watched != NULL) watched->previous = vm;
  watched = vm;
  bool earlier = vm->deadline < wakes_at;
  if (earlier) wakes_at = vm->deadline;
  pthread_mutex_unlock(&lock);
  if (earlier) sem_post(&wake);
}

void clua_unwatch(clua_vm *vm) {
  pthread_mutex_lock(&lock);
  if (vm->previous != NULL) vm->previous->next = vm->next;
  if (vm->next != NULL) vm->next->previous = vm->previous;
  if (watched == vm) watched = vm->next;
  pthread_mutex_unlock(&lock);
  current = vm->outer;
  vm->outer = NULL;
}

void clua_wake_watchdog(void) {
  // Nothing but what a signal handler may do: without a watchdog no call is running.
  if (atomic_load(&ready)) sem_post(&wake);
}
