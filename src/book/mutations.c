/*
 * The account's one queue of changes: Google asks for them one after the other.
 *
 *   QUEUED ─→ PACING ─────────→ attempt.c ─→ done
 *             a token of the    looks, saves, sends, and does so again
 *             bucket, or wait   while that is worth it, inside the deadline
 *
 * Only the first of the queue is past QUEUED. The wait for a token comes before the look: what was seen is to be new
 * when we send. A change that is cancelled or late before it was sent has changed nothing.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/mutation.h"

static void start_first (Book *book);

static void
mutation_free (gpointer data)
{
  Mutation *self = data;

  book_mutation_clear_attempts (self);
  g_clear_pointer (&self->photo, g_bytes_unref);
  book_person_unref (self->person);
  g_free (self->sha256);
  g_free (self->expected);
  g_free (self);
}

void
book_mutations_init (Book *book)
{
  g_queue_init (&book->mutations);
  book->tokens = book->options.writes_per_minute;
  book->tokens_time = g_get_monotonic_time ();
}

void
book_mutations_clear (Book *book)
{
  g_assert (g_queue_is_empty (&book->mutations));
}

void
book_mutation_finish (GTask *task, GError *error)
{
  Mutation *self = g_task_get_task_data (task);
  Book *book = self->book;
  gboolean first = g_queue_peek_head (&book->mutations) == task;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->cancel_idle, g_source_remove);
  g_clear_pointer (&self->look, book_look_abandon);
  if (self->paid && !self->sent)
    book->tokens += 1;
  if (self->cancelled != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), self->cancelled);
  g_queue_remove (&book->mutations, task);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
  if (first)
    start_first (book);
  activity_release (book->activity, ACTIVITY_WORK);
}

gint64
book_mutation_time_left (const Mutation *self)
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
  self->book->tokens = 0;
  self->book->tokens_time = g_get_monotonic_time ();
  self->paid = TRUE;
  book_mutation_attempt (task);
  return G_SOURCE_REMOVE;
}

static void
pace (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);
  Book *book = self->book;
  double per_us = book->options.writes_per_minute / (60.0 * G_TIME_SPAN_SECOND);
  gint64 now = g_get_monotonic_time ();
  gint64 wait;

  self->stage = PACING;
  if (book->options.writes_per_minute == 0) {
    book_mutation_attempt (task);
    return;
  }
  book->tokens = MIN (book->tokens + (double)(now - book->tokens_time) * per_us, book->options.writes_per_minute);
  book->tokens_time = now;
  if (book->tokens >= 1) {
    book->tokens -= 1;
    self->paid = TRUE;
    book_mutation_attempt (task);
    return;
  }
  wait = (gint64)((1 - book->tokens) / per_us);
  if (wait > book_mutation_time_left (self)) {
    book_mutation_finish (
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

  g_clear_handle_id (&self->timer, g_source_remove); /* the deadline's */
  if (self->is_wanted != NULL)
    self->deadline = g_get_monotonic_time () + self->book->options.upload_timeout * G_TIME_SPAN_SECOND;
  attempts_init (&self->attempts, self->deadline);
  pace (task);
}

static void
start_first (Book *book)
{
  GTask *task = g_queue_peek_head (&book->mutations);

  if (task != NULL && ((Mutation *)g_task_get_task_data (task))->stage == QUEUED)
    start (task);
}

static gboolean
on_deadline (gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);

  self->timer = 0;
  if (self->stage == QUEUED)
    book_mutation_finish (task,
                          g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT,
                                       "the changes before this one took too long; nothing was changed, try again"));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancel_idle (gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->cancel_idle = 0;
  if (self->stage == QUEUED || self->stage == LOOKING || self->stage == PACING) {
    g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error);
    book_mutation_fail (task, error);
  } /* else the call under way ends with the same error by itself */
  return G_SOURCE_REMOVE;
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Mutation *self = g_task_get_task_data (data);

  if (self->cancel_idle == 0)
    self->cancel_idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_cancel_idle, data, NULL);
}

static Mutation *
mutation_new (Book *book, BookPerson *person, BookLookDepth depth, gint64 deadline)
{
  Mutation *self = g_new0 (Mutation, 1);

  self->book = book;
  self->person = book_person_ref (person);
  self->depth = depth;
  self->deadline = deadline;
  return self;
}

/* Takes self. The queue owns the task until finish. */
static void
enqueue (Mutation *self, GTask *task)
{
  Book *book = self->book;
  GCancellable *cancellable = g_task_get_cancellable (task);

  g_task_set_task_data (task, self, mutation_free);
  if (activity_refuse (book->activity, task)) {
    g_object_unref (task);
    return;
  }
  activity_hold (book->activity, ACTIVITY_WORK);
  if (self->is_wanted == NULL)
    self->timer = g_timeout_add ((guint)(book_mutation_time_left (self) / 1000), on_deadline, task);
  g_task_set_check_cancellable (task, FALSE);
  if (cancellable != NULL)
    self->cancelled = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), task);
  g_queue_push_tail (&book->mutations, task);
  start_first (book);
}

void
book_upload_async (Book *book, BookPerson *person, GBytes *photo, const char *sha256, gint64 deadline,
                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Mutation *self = mutation_new (book, person, BOOK_LOOK_NEWS, deadline);

  g_task_set_source_tag (task, book_upload_async);
  self->photo = g_bytes_ref (photo);
  self->sha256 = g_strdup (sha256);
  enqueue (self, task);
}

gboolean
book_upload_finish (Book *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* It may have changed while that was sent elsewhere: the person alone is asked for. */
void
book_delete_photo_async (Book *book, BookPerson *person, const char *version, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  gint64 deadline = g_get_monotonic_time () + book->options.upload_timeout * G_TIME_SPAN_SECOND;
  Mutation *self = mutation_new (book, person, BOOK_LOOK_PERSON, deadline);

  g_task_set_source_tag (task, book_delete_photo_async);
  self->expected = g_strdup (version);
  enqueue (self, task);
}

void
book_delete_promised_async (Book *book, BookPerson *person, const char *version, BookLookDepth depth,
                            BookWantedFunc is_wanted, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Mutation *self = mutation_new (book, person, depth, 0);

  g_task_set_source_tag (task, book_delete_promised_async);
  self->expected = g_strdup (version);
  self->is_wanted = is_wanted;
  self->wanted_data = data;
  enqueue (self, task);
}

gboolean
book_delete_photo_finish (Book *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
