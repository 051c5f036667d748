/* Between two attempts. */
#define G_LOG_DOMAIN "contactfs"

#include "net/attempts.h"

#include "net/error.h"
#include "net/wait.h"

void
attempts_init (Attempts *self, gint64 deadline)
{
  *self = (Attempts){ 0 };
  retry_init (&self->retry, deadline);
}

void
attempts_clear (Attempts *self)
{
  g_clear_error (&self->last);
}

gboolean
attempts_may_pass (const GError *error)
{
  return g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE);
}

static RetryCause
cause_of (const GError *error)
{
  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE))
    return RETRY_UNREACHABLE;
  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_CONFLICT))
    return RETRY_CONFLICT;
  return RETRY_TRANSIENT;
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (wait_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
attempts_again_async (Attempts *self, GError *error, gint64 retry_after, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  gint64 delay = retry_delay (&self->retry, cause_of (error), retry_after, g_get_monotonic_time ());

  /* An attempt that the deadline cut off says less than the answers before it. */
  if (self->last == NULL || !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT)) {
    g_clear_error (&self->last);
    self->last = error;
  } else {
    g_error_free (error);
  }
  if (delay < 0) {
    g_task_return_error (task, g_error_copy (self->last));
    return;
  }
  g_info ("%s; next attempt in %.1f s", self->last->message, (double)delay / G_USEC_PER_SEC);
  wait_async (delay, cancellable, on_waited, g_steal_pointer (&task));
}

gboolean
attempts_again_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
