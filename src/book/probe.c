/* Where the service is known to be out of reach: is it back? A sync tells. */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

#define PROBE_MS 3000

typedef struct {
  Book *book;
  guint timer; /* 0: answered */
} Probe;

static gboolean
on_late (gpointer data)
{
  GTask *task = data;
  Probe *self = g_task_get_task_data (task);

  self->timer = 0;
  g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE, "the service is out of reach");
  return G_SOURCE_REMOVE;
}

static void
on_synced (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Probe *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gboolean reached = book_sync_now_finish (self->book, result, &error);

  if (self->timer == 0)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (reached || !self->book->unreachable)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
book_probe_async (Book *book, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Probe *self;

  g_task_set_source_tag (task, book_probe_async);
  if (!book->unreachable) {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  self = g_new0 (Probe, 1);
  self->book = book;
  self->timer = g_timeout_add (PROBE_MS, on_late, task);
  g_task_set_task_data (task, self, g_free);
  book_sync_now_async (book, NULL, on_synced, task);
}

gboolean
book_probe_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
