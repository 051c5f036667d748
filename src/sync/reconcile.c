/*
 * What does the service show, where an answer did not say? The person is fetched again and again, less and less often. Nobody
 * waits for it.
 *
 *   OUTCOME: a change failed, and may have been carried out (attempt.c) ─→ until another photo shows than the one before,
 *            or half a minute has passed; what people were told is put right
 *   UNCONFIRMED: taken, but answered with the old photo, or with none ─→ until it shows
 *   DOUBT:   what it says is older than what we know (apply.c) ─→ until it says what we know, or the last time
 *
 * Until a picture is confirmed, it is the person's unconfirmed one: whatever is done next to the photo is done to that one,
 * so that is what goes to .previous. When it is never seen, the photo that shows is believed, with words.
 */
#define G_LOG_DOMAIN "contactfs"

#include "sync/internal.h"

#include "people/photo.h"

/* How long after each fruitless fetch the next one comes: a service that accepted a photo may show it later. */
static const guint fetch_again_seconds[] = { 1, 2, 4, 8, 16 };

typedef enum { OUTCOME, UNCONFIRMED, DOUBT } Why;

typedef struct {
  Sync *sync;
  BookPerson *person;
  Why why;
  char *version;       /* OUTCOME: what the change was to replace. DOUBT: what we know */
  guint failures;      /* OUTCOME: told before this one */
  char *told;          /* OUTCOME: what people were told of it, or NULL: nothing yet */
  GBytes *unconfirmed; /* UNCONFIRMED */
  guint fetches;
} Reconciliation;

static void fetch (Reconciliation *self);

static void
reconciliation_end (Reconciliation *self)
{
  Activity *activity = self->sync->activity;

  if (self->why == DOUBT)
    g_hash_table_remove (self->sync->doubted, self->person);
  book_person_unref (self->person);
  g_free (self->version);
  g_free (self->told);
  g_clear_pointer (&self->unconfirmed, g_bytes_unref);
  g_free (self);
  activity_release (activity, ACTIVITY_WORK);
}

static gboolean
on_fetch_again (gpointer data)
{
  Reconciliation *self = data;

  if (activity_is_ending (self->sync->activity))
    reconciliation_end (self);
  else
    fetch (self);
  return G_SOURCE_REMOVE;
}

/* The stop cuts the wait short. */
static void
fetch_later (Reconciliation *self)
{
  g_autoptr (GSource) timer = g_timeout_source_new_seconds (fetch_again_seconds[self->fetches++]);
  g_autoptr (GSource) stop = g_cancellable_source_new (activity_cancellable (self->sync->activity));

  g_source_set_dummy_callback (stop);
  g_source_add_child_source (timer, stop);
  g_source_set_callback (timer, on_fetch_again, self, NULL);
  g_source_attach (timer, NULL);
}

static gboolean
is_last (const Reconciliation *self)
{
  return self->fetches == G_N_ELEMENTS (fetch_again_seconds);
}

/* Each says whether it is over. said: what the service says of the person, or NULL. */

static gboolean
settle_unconfirmed (Reconciliation *self)
{
  g_autoptr (GError) why = NULL;

  if (self->person->unconfirmed != self->unconfirmed)
    return TRUE; /* it has been seen, or overtaken */
  if (!is_last (self))
    return FALSE;
  why = g_error_new (BOOK_ERROR, BOOK_ERROR_IO,
                     "the service said that it took it, and has not shown it for half a minute; it is in .previous");
  g_clear_pointer (&self->person->unconfirmed, g_bytes_unref);
  book_change_failed (self->sync->book, self->person, BOOK_NOT_CHANGED, why);
  return TRUE;
}

/* People are told first, which may wait until the refused picture is on disk: else what is put right here would be told
 * after that. */
static gboolean
settle_outcome (Reconciliation *self)
{
  g_autofree char *version = book_person_photo_version (self->person);
  BookPerson *person = self->person;

  if (self->told == NULL && person->failures != self->failures)
    self->told = g_strdup (person->error);
  if (!is_last (self) && (self->told == NULL || g_strcmp0 (version, self->version) == 0))
    return FALSE;
  person->in_doubt = FALSE;
  if (g_strcmp0 (version, self->version) == 0) {
    g_info ("%s: the service has not changed the photo", person->name);
    return TRUE;
  }
  g_message ("%s: the service has changed the photo after all", person->name);
  if (self->told != NULL && g_strcmp0 (person->error, self->told) == 0)
    book_person_clear_error (person);
  book_tell_changed (self->sync->book, person, NULL);
  return TRUE;
}

static gboolean
settle_doubt (Reconciliation *self, const PeoplePerson *said)
{
  g_autofree char *version = book_person_photo_version (self->person);
  g_autofree char *shown = said != NULL && said->photo_url != NULL ? photo_url_version (said->photo_url) : NULL;

  if (g_strcmp0 (version, self->version) != 0 || (said != NULL && g_strcmp0 (shown, version) == 0))
    return TRUE;
  if (is_last (self) && said != NULL)
    book_people_apply_truth (self->sync->book, said);
  return is_last (self);
}

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer data)
{
  Reconciliation *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) said = book_refetch_finish (result, &error);
  gboolean over;

  if (said == NULL)
    g_info ("the person could not be fetched: %s", error->message);
  if (self->why == UNCONFIRMED)
    over = settle_unconfirmed (self);
  else if (self->why == OUTCOME)
    over = settle_outcome (self);
  else
    over = settle_doubt (self, said);
  if (over || activity_is_ending (self->sync->activity) || self->person->gone)
    reconciliation_end (self);
  else
    fetch_later (self);
}

static void
fetch (Reconciliation *self)
{
  book_refetch_async (self->sync->book, self->person,
                      g_get_monotonic_time () + photos_timeout (self->sync->photos) * G_TIME_SPAN_SECOND,
                      activity_cancellable (self->sync->activity), on_fetched, self);
}

static Reconciliation *
reconciliation_new (Sync *sync, BookPerson *person, Why why)
{
  Reconciliation *self = g_new0 (Reconciliation, 1);

  self->sync = sync;
  self->person = book_person_ref (person);
  self->why = why;
  activity_hold (sync->activity, ACTIVITY_WORK);
  return self;
}

void
reconcile_outcome (Sync *sync, BookPerson *person, const char *replaced)
{
  Reconciliation *self = reconciliation_new (sync, person, OUTCOME);

  self->version = g_strdup (replaced);
  self->failures = person->failures;
  fetch (self);
}

void
reconcile_unconfirmed (Sync *sync, BookPerson *person, GBytes *photo)
{
  Reconciliation *self = reconciliation_new (sync, person, UNCONFIRMED);

  self->unconfirmed = g_bytes_ref (photo);
  g_clear_pointer (&person->unconfirmed, g_bytes_unref);
  person->unconfirmed = g_bytes_ref (photo);
  fetch (self);
}

void
reconcile_doubt (Sync *sync, BookPerson *person)
{
  Reconciliation *self;

  if (person->gone || activity_is_ending (sync->activity) || !g_hash_table_add (sync->doubted, person))
    return;
  self = reconciliation_new (sync, person, DOUBT);
  self->version = book_person_photo_version (person);
  fetch_later (self);
}
