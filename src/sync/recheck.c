/*
 * Where nothing can be sent, as far as is known (book->down): is that still so? One small request tells, and all who want
 * to know meanwhile wait for the same one. Where Google's allowance for changes is used up, no request tells: the pause is
 * to be waited for.
 */
#define G_LOG_DOMAIN "contactfs"

#include "sync/internal.h"

#define RECHECK_TIMEOUT (3 * G_TIME_SPAN_SECOND)

gboolean
sync_is_down (Sync *sync)
{
  return book_down (sync->book) != NULL || people_pause_left (sync->people, PEOPLE_CHANGES, NULL) > 0;
}

static void
on_rechecked (GObject *source, GAsyncResult *result, gpointer data)
{
  Sync *sync = data;
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&sync->recheck_waiting);
  g_autoptr (GError) error = NULL;

  people_check_finish (sync->people, result, &error);
  book_note_outcome (sync->book, error);
  for (guint i = 0; i < waiting->len; i++)
    if (book_down (sync->book) != NULL)
      g_task_return_error (waiting->pdata[i], g_error_copy (book_down (sync->book)));
    else
      g_task_return_boolean (waiting->pdata[i], TRUE);
  activity_release (sync->activity, ACTIVITY_WORK);
}

void
sync_recheck_async (Sync *sync, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  GError *paused = NULL;

  g_task_set_source_tag (task, sync_recheck_async);
  if (people_pause_left (sync->people, PEOPLE_CHANGES, &paused) > 0) {
    g_task_return_error (task, paused);
    g_object_unref (task);
    return;
  }
  if (book_down (sync->book) == NULL) {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  if (activity_refuse (sync->activity, task)) {
    g_object_unref (task);
    return;
  }
  if (sync->recheck_waiting == NULL) {
    sync->recheck_waiting = g_ptr_array_new_with_free_func (g_object_unref);
    activity_hold (sync->activity, ACTIVITY_WORK);
    people_check_async (sync->people, g_get_monotonic_time () + RECHECK_TIMEOUT, NULL, on_rechecked, sync);
  }
  g_ptr_array_add (sync->recheck_waiting, task);
}

gboolean
sync_recheck_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
