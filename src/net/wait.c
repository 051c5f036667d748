/* A cancellable timer. */
#define G_LOG_DOMAIN "contactfs"

#include "net/wait.h"

static gboolean
on_time (gpointer data)
{
  /* Woken by the cancellable, GTask turns this into the error. */
  g_task_return_boolean (data, TRUE);
  return G_SOURCE_REMOVE;
}

void
wait_async (gint64 delay, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GSource) source = g_timeout_source_new (0);

  g_source_set_ready_time (source, g_get_monotonic_time () + delay);
  if (cancellable != NULL) {
    g_autoptr (GSource) cancel = g_cancellable_source_new (cancellable);

    g_source_set_dummy_callback (cancel);
    g_source_add_child_source (source, cancel);
  }
  g_task_attach_source (task, source, on_time);
}

gboolean
wait_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
