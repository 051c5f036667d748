/*
 * Ctrl-C and its like for a command that waits on the main loop: they cancel what it waits for. Main thread.
 */
#pragma once

#include <gio/gio.h>

typedef struct {
  guint sources[3]; /* all 0: not watched */
} Interrupt;

/* SIGINT, SIGTERM and SIGHUP cancel cancellable, which must live until interrupt_clear. */
void interrupt_watch (Interrupt *self, GCancellable *cancellable);
void interrupt_clear (Interrupt *self);
