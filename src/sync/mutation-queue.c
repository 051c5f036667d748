/*
 * The account's one queue of changes: Google asks for them one after the other.
 *
 *   QUEUED ─→ PACING ─────────→ attempt.c ─→ done
 *             a token of the    revalidates, saves, requests, and does so again
 *             bucket, or wait   while that is worth it, inside the deadline
 *
 * Only the first of the queue is past QUEUED. The wait for a token comes before the revalidation: what was seen is to be new
 * when we send. A change that is cancelled or late before it was sent has changed nothing.
 */
#define G_LOG_DOMAIN "contactfs"

#include "sync/mutation.h"

static void start_first (Sync *sync);

static void
mutation_free (gpointer data)
{
  Mutation *self = data;

  mutation_clear_attempts (self);
  g_clear_pointer (&self->photo, g_bytes_unref);
  book_person_unref (self->person);
  g_free (self->sha256);
  g_free (self->expected);
  g_free (self);
}

void
mutations_init (Sync *sync)
{
  g_queue_init (&sync->mutations);
  sync->tokens = sync->options.writes_per_minute;
  sync->tokens_time = g_get_monotonic_time ();
}

void
mutation_finish (GTask *task, GError *error)
{
  Mutation *self = g_task_get_task_data (task);
  Sync *sync = self->sync;
  gboolean first = g_queue_peek_head (&sync->mutations) == task;

  g_clear_handle_id (&self->timer, g_source_remove);
  limits_stop (&self->limits);
  g_clear_pointer (&self->revalidation, revalidate_abandon);
  if (self->paid && !self->requested)
    sync->tokens += 1;
  g_queue_remove (&sync->mutations, task);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
  if (first)
    start_first (sync);
  activity_release (sync->activity, ACTIVITY_WORK);
}

gint64
mutation_time_left (const Mutation *self)
{
  return MAX (self->deadline - g_get_monotonic_time (), 0);
}

/* ---- PACING ---- */

static gboolean
on_paced (gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);

  self->timer = 0;
  self->sync->tokens = 0;
  self->sync->tokens_time = g_get_monotonic_time ();
  self->paid = TRUE;
  mutation_attempt (task);
  return G_SOURCE_REMOVE;
}

static void
pace (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);
  Sync *sync = self->sync;
  double per_us = sync->options.writes_per_minute / (60.0 * G_TIME_SPAN_SECOND);
  gint64 now = g_get_monotonic_time ();
  gint64 wait;

  self->stage = PACING;
  if (sync->options.writes_per_minute == 0) {
    mutation_attempt (task);
    return;
  }
  sync->tokens = MIN (sync->tokens + (double)(now - sync->tokens_time) * per_us, sync->options.writes_per_minute);
  sync->tokens_time = now;
  if (sync->tokens >= 1) {
    sync->tokens -= 1;
    self->paid = TRUE;
    mutation_attempt (task);
    return;
  }
  wait = (gint64)((1 - sync->tokens) / per_us);
  if (wait > mutation_time_left (self)) {
    mutation_finish (
        task, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_RATE,
                           "too many photos in a minute: this one would wait past its deadline; try again later"));
    return;
  }
  self->timer = g_timeout_add ((guint)(wait / 1000) + 1, on_paced, task);
}

/* ---- QUEUED ---- */

static void
start (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  if (self->is_wanted != NULL)
    self->deadline = g_get_monotonic_time () + self->sync->options.upload_timeout * G_TIME_SPAN_SECOND;
  attempts_init (&self->attempts, self->deadline);
  pace (task);
}

static void
start_first (Sync *sync)
{
  GTask *task = g_queue_peek_head (&sync->mutations);

  if (task != NULL && ((Mutation *)g_task_get_task_data (task))->stage == QUEUED)
    start (task);
}

static gboolean
on_deadline (gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);

  if (self->stage == QUEUED)
    mutation_finish (task, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT,
                                        "the changes before this one took too long; nothing was changed, try again"));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  GTask *task = data;
  const Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (self->stage == QUEUED || self->stage == REVALIDATING || self->stage == PACING) {
    g_cancellable_set_error_if_cancelled (cancellable, &error);
    mutation_fail (task, error);
  } /* else the call under way ends with the same error by itself */
  return G_SOURCE_REMOVE;
}

static Mutation *
mutation_new (Sync *sync, BookPerson *person, RevalidateDepth depth, gint64 deadline)
{
  Mutation *self = g_new0 (Mutation, 1);

  self->sync = sync;
  self->person = book_person_ref (person);
  self->depth = depth;
  self->deadline = deadline;
  return self;
}

/* Takes self. The queue owns the task until finish. */
static void
enqueue (Mutation *self, GTask *task)
{
  Sync *sync = self->sync;

  g_task_set_task_data (task, self, mutation_free);
  if (activity_refuse (sync->activity, task)) {
    g_object_unref (task);
    return;
  }
  activity_hold (sync->activity, ACTIVITY_WORK);
  if (self->is_wanted == NULL)
    limits_start (&self->limits, self->deadline, on_deadline, g_task_get_cancellable (task), on_cancelled, task);
  g_task_set_check_cancellable (task, FALSE);
  g_queue_push_tail (&sync->mutations, task);
  start_first (sync);
}

void
mutation_replace_async (Sync *sync, BookPerson *person, GBytes *photo, const char *sha256, gint64 deadline,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Mutation *self = mutation_new (sync, person, REVALIDATE_LISTING, deadline);

  g_task_set_source_tag (task, mutation_replace_async);
  self->photo = g_bytes_ref (photo);
  self->sha256 = g_strdup (sha256);
  enqueue (self, task);
}

gboolean
mutation_replace_finish (Sync *sync, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* It may have changed while that was sent elsewhere: the person is fetched. */
void
sync_delete_async (Sync *sync, BookPerson *person, const char *version, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  gint64 deadline = g_get_monotonic_time () + sync->options.upload_timeout * G_TIME_SPAN_SECOND;
  Mutation *self = mutation_new (sync, person, REVALIDATE_PERSON, deadline);

  g_task_set_source_tag (task, sync_delete_async);
  self->expected = g_strdup (version);
  enqueue (self, task);
}

void
sync_delete_promised_async (Sync *sync, BookPerson *person, const char *version, gboolean earlier,
                            SyncWantedFunc is_wanted, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Mutation *self = mutation_new (sync, person, earlier ? REVALIDATE_PERSON : REVALIDATE_LISTING, 0);

  g_task_set_source_tag (task, sync_delete_promised_async);
  self->expected = g_strdup (version);
  self->is_wanted = is_wanted;
  self->wanted_data = data;
  enqueue (self, task);
}

gboolean
sync_delete_finish (Sync *sync, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
