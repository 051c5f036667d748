/*
 * What ends a wait from outside: its deadline, or the cancellable of whoever waits. Both are told from the main
 * context, never from inside g_cancellable_cancel. Loop thread only.
 */
#pragma once

#include <gio/gio.h>

typedef struct {
  GSource *deadline, *cancel; /* NULL: none */
} Limits;

/* deadline: monotonic, microseconds. cancellable may be NULL. The callbacks get data and return G_SOURCE_REMOVE; one of
 * them may stop self. */
void limits_start (Limits *self, gint64 deadline, GSourceFunc on_deadline, GCancellable *cancellable,
                   GCancellableSourceFunc on_cancelled, gpointer data);
void limits_stop (Limits *self);
