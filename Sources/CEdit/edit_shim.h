// The system's libedit, found by pkg-config, with its variadic functions as plain ones: Swift cannot call variadics.
#include <histedit.h>
#include <stdbool.h>
#include <stdio.h>

// Swift refuses the C streams, which are mutable globals.
static inline EditLine *cedit_open(bool shows_on_stderr) { return el_init("lathe", stdin, shows_on_stderr ? stderr : stdout, stderr); }

static inline void cedit_show(bool on_stderr, const char *text) {
  FILE *stream = on_stderr ? stderr : stdout;
  fputs(text, stream);
  fflush(stream);
}

typedef unsigned char (*cedit_command)(EditLine *, int);

static inline void cedit_set_owner(EditLine *el, void *owner) { el_set(el, EL_CLIENTDATA, owner); }

static inline void *cedit_owner(EditLine *el) {
  void *owner = NULL;
  el_get(el, EL_CLIENTDATA, &owner);
  return owner;
}

// `delimiter` encloses what the terminal interprets and does not show.
static inline void cedit_set_prompt(EditLine *el, char *(*prompt)(EditLine *), char delimiter) {
  el_set(el, EL_PROMPT_ESC, prompt, delimiter);
}

static inline void cedit_set_editor(EditLine *el, const char *name) { el_set(el, EL_EDITOR, name); }
static inline void cedit_set_signals(EditLine *el, bool handled) { el_set(el, EL_SIGNAL, (int)handled); }
static inline void cedit_set_tty(EditLine *el, const char *mode, const char *setting) { el_set(el, EL_SETTY, mode, setting, NULL); }
static inline void cedit_set_history(EditLine *el, History *past) { el_set(el, EL_HIST, history, past); }
static inline void cedit_bind(EditLine *el, const char *key, const char *command) { el_set(el, EL_BIND, key, command, NULL); }

static inline void cedit_add_command(EditLine *el, const char *name, const char *help, cedit_command command) {
  el_set(el, EL_ADDFN, name, help, command);
}

static inline int cedit_columns(EditLine *el) {
  int columns = 0;
  return el_get(el, EL_GETTC, "co", &columns) == 0 && columns > 0 ? columns : 80;
}

// Columns of a character; 0 for combining ones, below 0 for control characters. The C library hides the declaration from Swift's C.
static inline int cedit_width(wchar_t character) {
  extern int wcwidth(wchar_t);
  return wcwidth(character);
}

static inline void cedit_history_set_size(History *past, int size) {
  HistEvent event;
  history(past, &event, H_SETSIZE, size);
}

static inline void cedit_history_enter(History *past, const char *entry) {
  HistEvent event;
  history(past, &event, H_ENTER, entry);
}
