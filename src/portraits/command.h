/*
 * What the commands of this room have in common. Each prints what was asked for to stdout, and returns its exit status, or -1
 * with a sentence. Main thread; each may take long. Those that change something end after the contact under way when
 * Ctrl-C comes.
 */
#pragma once

#include <glib.h>

enum { COMMAND_ALL = 0, COMMAND_SOME = 3 }; /* everything was done; something was left */

typedef struct {
  const char *mountpoint;
  const char *account; /* of the mount */
  gboolean dry_run;
  gboolean yes;
  gboolean quiet;
  gboolean json;
} CommandWishes;

/* Whether to go on: at once with yes, else by asking on the terminal. question: without its answers. */
gboolean command_ask (const CommandWishes *wishes, const char *question);

/* Now, for --since. Transfer full. */
char *command_time_now (void);

/* Says by which command all that was changed since begun (command_time_now) is taken back. names: of the contacts' folders; NULL
 * or empty: all of the mount. */
void command_print_undo (const CommandWishes *wishes, const char *begun, const GPtrArray *names);

/* FALSE with a sentence: somebody must be asked, and nobody is there. */
gboolean command_can_ask (const CommandWishes *wishes, GError **error);
