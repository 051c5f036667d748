/*
 * What does the service show after a mutation whose answer did not say? Nobody waits for it.
 *
 *   failed, as far as we heard ─→ asked once; the old photo still there: its copy in .previous was not needed
 *   succeeded, but answered with the old photo, or with none ─→ asked again and again, less and less often
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

/* How long after each fruitless question the next one comes: a service that accepted a photo may show it later. */
static const guint ask_again_seconds[] = { 1, 2, 4, 8, 16 };

typedef struct {
  Book *book;
  BookPerson *person;
  char *replaced;  /* the version that the mutation was to replace */
  char *saved;     /* its copy in .previous, or NULL */
  gboolean failed; /* the mutation, as far as we heard */
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

  if (said == NULL) {
    g_info ("the person could not be asked for: %s", error->message);
    ask_end (self);
    return;
  }
  book_people_apply_news (self->book, said);
  version = book_person_photo_version (self->person);
  if (g_strcmp0 (version, self->replaced) != 0) {
    ask_end (self);
  } else if (self->failed) { /* it was not carried out: nothing was replaced */
    if (self->saved != NULL)
      book_archive_remove (self->book->archive, BOOK_ARCHIVE_PREVIOUS, self->person->resource_name, self->saved);
    ask_end (self);
  } else if (self->asked < G_N_ELEMENTS (ask_again_seconds)) {
    ask_later (self);
  } else {
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

void
book_ask_for_person (Book *book, BookPerson *person, const char *replaced, const char *saved, gboolean failed)
{
  Ask *self = g_new0 (Ask, 1);

  self->book = book;
  self->person = book_person_ref (person);
  self->replaced = g_strdup (replaced);
  self->saved = g_strdup (saved);
  self->failed = failed;
  book->asking++;
  ask (self);
}
