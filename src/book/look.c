/*
 * The look for news before a mutation: somebody else may have given the contact a photo a minute ago, and the service
 * has no precondition for photos, so what we do not know of would be overwritten unsaved.
 *
 *   a delta, unless one has just come ──────────→ done
 *     │ it failed, it failed just now, or everybody would have to be listed
 *     ↓
 *   the person alone (people.get) ──────────────→ done, with news or without
 *
 * One delta is good for all mutations of some seconds. An offer only: NEWS_WAIT after its beginning it is over, and a
 * mutation does not fail because there was no news.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

#define NEWS_FRESH (10 * G_TIME_SPAN_SECOND)
#define NEWS_WAIT  (2 * G_TIME_SPAN_SECOND)

/* Freed by the callback of its last request. */
struct BookLook {
  Book *book; /* not to be touched when done is NULL, unless book->asking counts us */
  BookPerson *person;
  BookLookFunc done; /* NULL: it has been called, or nobody waits any more */
  gpointer data;
  gint64 until;
  guint timer;
};

static void
look_free (BookLook *self)
{
  book_person_unref (self->person);
  g_free (self);
}

static void
look_end (BookLook *self)
{
  BookLookFunc done = g_steal_pointer (&self->done);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (done != NULL)
    done (self->data);
}

static gboolean
on_time_out (gpointer data)
{
  BookLook *self = data;

  self->timer = 0;
  look_end (self);
  return G_SOURCE_REMOVE;
}

static void
on_person (GObject *source, GAsyncResult *result, gpointer data)
{
  BookLook *self = data;
  Book *book = self->book;
  g_autoptr (PeoplePerson) said = people_get_finish (book->people, result, NULL);

  if (said != NULL)
    book_people_apply_news (book, said);
  book->asking--;
  look_end (self);
  look_free (self);
  book_stop_check (book);
}

static void
ask_for_person (BookLook *self)
{
  self->book->asking++;
  people_get_async (self->book->people, self->person->resource_name, self->until, self->book->background, on_person,
                    self);
}

static void
on_delta (GObject *source, GAsyncResult *result, gpointer data)
{
  BookLook *self = data;

  if (!g_task_propagate_boolean (G_TASK (result), NULL) && self->done != NULL) {
    ask_for_person (self);
    return;
  }
  look_end (self);
  look_free (self);
}

static gboolean
is_fresh (gint64 time, gint64 now)
{
  return time != 0 && now - time <= NEWS_FRESH;
}

BookLook *
book_look (Book *book, BookPerson *person, gint64 deadline, BookLookFunc done, gpointer data)
{
  gint64 now = g_get_monotonic_time ();
  gint64 wait = MIN (NEWS_WAIT, (deadline - now) / 2); /* the mutation itself needs some, too */
  BookLook *self;

  if (!book->listed || book->stop != NULL || is_fresh (book->news_came, now))
    return NULL;
  self = g_new0 (BookLook, 1);
  self->book = book;
  self->person = book_person_ref (person);
  self->done = done;
  self->data = data;
  self->until = now + wait;
  self->timer = g_timeout_add ((guint)(MAX (wait, 0) / G_TIME_SPAN_MILLISECOND), on_time_out, self);
  if (book_sync_would_be_delta (book) && !is_fresh (book->news_tried, now)) {
    book->news_tried = now;
    book_sync_now_async (book, NULL, on_delta, self);
  } else {
    ask_for_person (self);
  }
  return self;
}

void
book_look_abandon (BookLook *self)
{
  self->done = NULL;
  g_clear_handle_id (&self->timer, g_source_remove);
}
