/*
 * Where nothing can be sent, as far as is known (book->down): is that still so? One small request tells, and all who want
 * to know meanwhile wait for the same one. Where Google's allowance for changes is used up, no request tells: the pause is
 * to be waited for.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

#define PROBE_TIMEOUT (3 * G_TIME_SPAN_SECOND)

gboolean
book_is_down (Book *book)
{
  return book_down (book) != NULL || people_pause_left (book->people, PEOPLE_CHANGES, NULL) > 0;
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  Book *book = data;
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&book->probe_waiting);
  g_autoptr (GError) error = NULL;

  people_probe_finish (book->people, result, &error);
  book_note_outcome (book, error);
  for (guint i = 0; i < waiting->len; i++)
    if (book_down (book) != NULL)
      g_task_return_error (waiting->pdata[i], g_error_copy (book_down (book)));
    else
      g_task_return_boolean (waiting->pdata[i], TRUE);
  activity_release (book->activity, ACTIVITY_WORK);
}

void
book_probe_async (Book *book, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  GError *paused = NULL;

  g_task_set_source_tag (task, book_probe_async);
  if (people_pause_left (book->people, PEOPLE_CHANGES, &paused) > 0) {
    g_task_return_error (task, paused);
    g_object_unref (task);
    return;
  }
  if (book_down (book) == NULL) {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  if (activity_refuse (book->activity, task)) {
    g_object_unref (task);
    return;
  }
  if (book->probe_waiting == NULL) {
    book->probe_waiting = g_ptr_array_new_with_free_func (g_object_unref);
    activity_hold (book->activity, ACTIVITY_WORK);
    people_probe_async (book->people, g_get_monotonic_time () + PROBE_TIMEOUT, NULL, on_probed, book);
  }
  g_ptr_array_add (book->probe_waiting, task);
}

gboolean
book_probe_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
