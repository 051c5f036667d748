/*
 * What does the service show after a mutation whose answer did not say? Nobody waits for it.
 *
 *   FAILED, as far as we heard ─→ asked once; the old photo still there: its copy in .previous was not needed
 *   UNANSWERED, timed out or cancelled ─→ the same, but asked again and again: the service may still be at it
 *   GONE before we removed it  ─→ asked once
 *   UNSEEN: taken, but answered with the old photo, or with none ─→ asked again and again, less and less often
 *
 * Until it is seen, the picture itself is the person's unseen: whatever is done next to the photo is done to that one,
 * so that is what goes to .previous. When it is never seen, the photo that shows is believed.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

/* How long after each fruitless question the next one comes: a service that accepted a photo may show it later. */
static const guint ask_again_seconds[] = { 1, 2, 4, 8, 16 };

typedef struct {
  Book *book;
  BookPerson *person;
  char *replaced; /* the version that the mutation was to replace */
  char *saved;    /* its copy in .previous, or NULL */
  GBytes *unseen; /* or NULL */
  BookAskWhy why;
  guint asked;
} Ask;

static void ask (Ask *self);

static void
ask_end (Ask *self)
{
  Book *book = self->book;

  book_person_unref (self->person);
  g_free (self->replaced);
  g_free (self->saved);
  g_clear_pointer (&self->unseen, g_bytes_unref);
  g_free (self);
  book->asking--;
  book_stop_check (book);
}

static gboolean
on_ask_again (gpointer data)
{
  Ask *self = data;

  if (self->book->stop != NULL)
    ask_end (self);
  else
    ask (self);
  return G_SOURCE_REMOVE;
}

/* The stop cuts the wait short. */
static void
ask_later (Ask *self)
{
  g_autoptr (GSource) timer = g_timeout_source_new_seconds (ask_again_seconds[self->asked++]);
  g_autoptr (GSource) stop = g_cancellable_source_new (self->book->background);

  g_source_set_dummy_callback (stop);
  g_source_add_child_source (timer, stop);
  g_source_set_callback (timer, on_ask_again, self, NULL);
  g_source_attach (timer, NULL);
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  Ask *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) said = people_get_finish (self->book->people, result, &error);
  g_autofree char *version = NULL;

  if (said != NULL)
    book_people_apply_news (self->book, said);
  else
    g_info ("the person could not be asked for: %s", error->message);
  if (self->why == BOOK_ASK_UNSEEN) {
    if (self->unseen == NULL || self->person->unseen != self->unseen) {
      ask_end (self); /* it has been seen, or overtaken */
    } else if (self->asked < G_N_ELEMENTS (ask_again_seconds)) {
      ask_later (self);
    } else {
      g_info ("%s: the service has taken a photo and does not show it", self->person->name);
      g_clear_pointer (&self->person->unseen, g_bytes_unref);
      ask_end (self);
    }
    return;
  }
  version = book_person_photo_version (self->person);
  if (said == NULL || self->why == BOOK_ASK_GONE) {
    ask_end (self);
  } else if (g_strcmp0 (version, self->replaced) != 0) { /* it was carried out, after all */
    g_message ("%s: the service has changed the photo after all", self->person->name);
    book_person_clear_error (self->person);
    book_tell_changed (self->book, self->person, NULL);
    ask_end (self);
  } else if (self->why == BOOK_ASK_UNANSWERED && self->asked < G_N_ELEMENTS (ask_again_seconds)) {
    ask_later (self);
  } else { /* not carried out: nothing was replaced */
    if (self->saved != NULL)
      book_archive_remove (self->book->archive, BOOK_ARCHIVE_PREVIOUS, self->person->resource_name, self->saved);
    ask_end (self);
  }
}

static void
ask (Ask *self)
{
  people_get_async (self->book->people, self->person->resource_name,
                    g_get_monotonic_time () + self->book->options.timeout * G_TIME_SPAN_SECOND, self->book->background,
                    on_asked, self);
}

static Ask *
ask_new (Book *book, BookPerson *person, BookAskWhy why)
{
  Ask *self = g_new0 (Ask, 1);

  self->book = book;
  self->person = book_person_ref (person);
  self->why = why;
  book->asking++;
  return self;
}

void
book_ask_for_person (Book *book, BookPerson *person, BookAskWhy why, const char *replaced, const char *saved)
{
  Ask *self = ask_new (book, person, why);

  self->replaced = g_strdup (replaced);
  self->saved = g_strdup (saved);
  ask (self);
}

void
book_ask_for_unseen (Book *book, BookPerson *person, GBytes *photo)
{
  Ask *self = ask_new (book, person, BOOK_ASK_UNSEEN);

  self->unseen = g_bytes_ref (photo);
  g_clear_pointer (&person->unseen, g_bytes_unref);
  person->unseen = g_bytes_ref (photo);
  ask (self);
}
