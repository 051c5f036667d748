#define G_LOG_DOMAIN "contactfs"

#include "terminal/interrupt.h"

#include <glib-unix.h>
#include <signal.h>

static gboolean
on_signal (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_CONTINUE;
}

void
interrupt_watch (Interrupt *self, GCancellable *cancellable)
{
  const int numbers[G_N_ELEMENTS (self->sources)] = { SIGINT, SIGTERM, SIGHUP };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    self->sources[i] = g_unix_signal_add (numbers[i], on_signal, cancellable);
}

void
interrupt_clear (Interrupt *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->sources); i++)
    g_clear_handle_id (&self->sources[i], g_source_remove);
}
