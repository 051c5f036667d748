/* Two sources, attached and destroyed together. */
#define G_LOG_DOMAIN "contactfs"

#include "net/wait-limits.h"

void
limits_start (Limits *self, gint64 deadline, GSourceFunc on_deadline, GCancellable *cancellable,
              GCancellableSourceFunc on_cancelled, gpointer data)
{
  self->deadline = g_timeout_source_new (0);
  g_source_set_ready_time (self->deadline, deadline);
  g_source_set_callback (self->deadline, on_deadline, data, NULL);
  g_source_attach (self->deadline, g_main_context_get_thread_default ());
  if (cancellable == NULL)
    return;
  self->cancel = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->cancel, G_SOURCE_FUNC (on_cancelled), data, NULL);
  g_source_attach (self->cancel, g_main_context_get_thread_default ());
}

static void
destroy_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
limits_stop (Limits *self)
{
  destroy_source (&self->deadline);
  destroy_source (&self->cancel);
}
