/*
 * What is known of a person is made fresh before a mutation. Somebody else may have given the contact a photo a minute ago,
 * and the service has no precondition for photos: what we do not know of would be overwritten unsaved.
 *
 *   a delta, unless one has just come ──────────────────→ done
 *     │ it failed, it is late (the sync may be sitting in a back-off, or list everybody), one has just been
 *     │ requested in vain, everybody would have to be listed, or the mount is ending
 *     ↓
 *   the person alone (people.get); who comes first ─────→ done
 *
 * One delta is good for all mutations of some seconds. It is not enough before another attempt at one, nor where it is not
 * known what came of the last, nor for what an earlier mount had promised: then the person is fetched at once, as a delta
 * may lag more. It is an offer only. LONG_WAIT after its beginning it is over, and a mutation does not fail because nothing
 * came. Where nothing answered a whole one, the next ones are short, so that a queue of mutations ends inside its deadlines.
 */
#define G_LOG_DOMAIN "contactfs"

#include "sync/revalidate.h"

#define FRESH      (10 * G_TIME_SPAN_SECOND)
#define LONG_WAIT  (2 * G_TIME_SPAN_SECOND)
#define SHORT_WAIT (500 * G_TIME_SPAN_MILLISECOND)
#define DELTA_LATE (700 * G_TIME_SPAN_MILLISECOND)

/* g_rc_box: one reference is that of who waits, one of each request under way. */
struct Revalidation {
  Sync *sync; /* not to be touched when done is NULL, unless a request of ours holds its activity */
  BookPerson *person;
  RevalidateFunc done; /* NULL: it has been called, or nobody waits any more */
  gboolean no_such_person;
  gpointer data;
  gint64 until;
  guint timer; /* the end */
  guint late;  /* of the delta */
  GCancellable
      *cancellable; /* of people.get; not the book's, since promised deletions revalidate while the book stops */
  gboolean delta_pending;
  gboolean person_fetched;
  gboolean person_pending;
};

static void
revalidation_clear (gpointer data)
{
  Revalidation *self = data;

  g_object_unref (self->cancellable);
  book_person_unref (self->person);
}

static void
revalidation_unref (Revalidation *self)
{
  g_rc_box_release_full (self, revalidation_clear);
}

void
revalidate_abandon (Revalidation *self)
{
  self->done = NULL;
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->late, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  revalidation_unref (self);
}

static void
revalidation_end (Revalidation *self)
{
  RevalidateFunc done = self->done;
  gpointer data = self->data;
  gboolean no_such_person = self->no_such_person;

  if (done == NULL)
    return;
  revalidate_abandon (self);
  done (no_such_person, data);
}

static gboolean
on_time_out (gpointer data)
{
  Revalidation *self = data;

  self->timer = 0;
  self->sync->revalidation_missed = g_get_monotonic_time ();
  revalidation_end (self);
  return G_SOURCE_REMOVE;
}

static void
on_person (GObject *source, GAsyncResult *result, gpointer data)
{
  Revalidation *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) said = book_refetch_finish (result, &error);

  self->person_pending = FALSE;
  self->no_such_person = g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND);
  if (said != NULL)
    self->sync->revalidation_missed = 0;
  if (said != NULL || !self->delta_pending)
    revalidation_end (self);
  revalidation_unref (self);
}

static void
fetch_person (Revalidation *self)
{
  if (self->person_fetched)
    return;
  self->person_fetched = TRUE;
  self->person_pending = TRUE;
  book_refetch_async (self->sync->book, self->person, self->until, self->cancellable, on_person,
                      g_rc_box_acquire (self));
}

static gboolean
on_late (gpointer data)
{
  Revalidation *self = data;

  self->late = 0;
  fetch_person (self);
  return G_SOURCE_REMOVE;
}

static void
on_delta (GObject *source, GAsyncResult *result, gpointer data)
{
  Revalidation *self = data;
  gboolean came = g_task_propagate_boolean (G_TASK (result), NULL);

  self->delta_pending = FALSE;
  g_clear_handle_id (&self->late, g_source_remove);
  if (self->done != NULL && came)
    self->sync->revalidation_missed = 0;
  if (self->done != NULL && !came)
    fetch_person (self);
  if (!self->person_pending || came)
    revalidation_end (self);
  revalidation_unref (self);
}

static gboolean
is_fresh (gint64 time, gint64 now)
{
  return time != 0 && now - time <= FRESH;
}

Revalidation *
revalidate_begin (Sync *sync, BookPerson *person, RevalidateDepth depth, gint64 deadline, RevalidateFunc done,
                  gpointer data)
{
  gint64 now = g_get_monotonic_time ();
  gint64 wait = MIN (is_fresh (sync->revalidation_missed, now) ? SHORT_WAIT : LONG_WAIT,
                     (deadline - now) / 2); /* the mutation itself needs some, too */
  Revalidation *self;

  if (!book_is_listed (sync->book) || (depth == REVALIDATE_LISTING && is_fresh (sync->delta_came, now)))
    return NULL;
  self = g_rc_box_new0 (Revalidation);
  self->sync = sync;
  self->person = book_person_ref (person);
  self->done = done;
  self->data = data;
  self->until = now + wait;
  self->timer = g_timeout_add ((guint)(MAX (wait, 0) / G_TIME_SPAN_MILLISECOND), on_time_out, self);
  self->cancellable = g_cancellable_new ();
  if (depth == REVALIDATE_LISTING && !activity_is_ending (sync->activity) && sync_would_be_delta (sync)
      && !is_fresh (sync->delta_tried, now)) {
    sync->delta_tried = now;
    self->delta_pending = TRUE;
    self->late = g_timeout_add (DELTA_LATE / G_TIME_SPAN_MILLISECOND, on_late, self);
    sync_now_async (sync, NULL, on_delta, g_rc_box_acquire (self));
  } else {
    fetch_person (self);
  }
  return self;
}
