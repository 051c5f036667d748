/*
 * A change of a photo, from the first revalidation to its end. The service has no precondition for photos, and no number by
 * which it would know a request again: so before each attempt, not only the first, what is there is revalidated and saved.
 *
 *   ┌→ AUTHORIZING ─→ REVALIDATING ─→ SAVING ───────→ REQUESTING ──┬─ answered Person ─→ apply.c ─────────→ done
 *   │  a token may    the person, as  what is there   one PATCH    │
 *   │  take long      in revalidate.c to .previous    or DELETE    ├─ for good (4xx), or no time is left ─→ failed
 *   │                                                              │
 *   └──────────────── WAITING (attempts.h) ←───────────────────────┴─ may pass: 429, 5xx, no answer, a 401 once
 *
 * When a revalidation is old by the time that the photo is saved, or the photo has changed meanwhile, there is another one. A
 * token comes first, for the same reason.
 *
 * What is known of the outcome is not what the last attempt was answered:
 *
 *   UNTOUCHED ─(an attempt that may have been carried out: no answer, 5xx, nonsense)─→ IN DOUBT (reached)
 *   IN DOUBT ──(revalidation shows these very bytes, or, for a DELETE, no photo)─────→ done
 *            ──(a later attempt is answered)─────────────────────────────────────────→ done
 *            ──(anything else, be it the clearest refusal)─→ failed, "may have been changed"; reconcile.c goes on
 *
 * An answer that does not show the photo proves nothing: then the new picture goes to .previous, too, before success is told.
 *
 * No state decides over a picture in .previous: what was saved there stays, whatever comes of the change. The same bytes
 * are not kept twice, so a copy that was not needed costs one place of twenty.
 */
#define G_LOG_DOMAIN "contactfs"

#include "people/photo.h"
#include "sync/mutation.h"

/* With less time left, an answer would hardly come, and nobody would know what the service did. */
#define LEAST_REMAINDER (200 * 1000)

/* What was revalidated longer ago may have changed. */
#define REVALIDATION_HOLDS (10 * G_TIME_SPAN_SECOND)

/* A DELETE that finds no photo where one is shown: the service, or we, will know better in a moment. */
#define MAX_NOT_FOUND 3

void
mutation_clear_attempts (Mutation *self)
{
  g_clear_pointer (&self->revalidation, revalidate_abandon);
  attempts_clear (&self->attempts);
  g_clear_pointer (&self->replaced, g_free);
  g_clear_pointer (&self->first, g_free);
}

/* ---- the end ---- */

void
mutation_fail (GTask *task, GError *error)
{
  Mutation *self = g_task_get_task_data (task);

  self->person->in_doubt = self->reached;
  if (self->reached)
    reconcile_outcome (self->sync, self->person, self->first);
  mutation_finish (task, error);
}

static void
end_well (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  self->person->in_doubt = FALSE;
  book_tell_changed (self->sync->book, self->person, self->photo);
  mutation_finish (task, NULL);
}

static void
succeed (GTask *task)
{
  book_person_clear_error (((Mutation *)g_task_get_task_data (task))->person);
  end_well (task);
}

/* The photo is there already. After a failure programs put their backup back (cp -b, tar --backup): that says nothing of
 * what failed, unless it was in doubt whether this photo had come. */
static void
succeed_unchanged (GTask *task)
{
  const Mutation *self = g_task_get_task_data (task);

  if (self->reached || self->person->in_doubt || self->person->error_is_of_a_read)
    succeed (task);
  else
    end_well (task);
}

/* What an earlier attempt was told says more. */
static GError *
too_late (const Mutation *self)
{
  if (self->attempts.last != NULL)
    return g_error_copy (self->attempts.last);
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT, "no time was left for it; try again");
}

/* ---- REQUESTING ---- */

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;

  if (attempts_again_finish (result, &error))
    mutation_attempt (task);
  else
    mutation_fail (task, error);
}

/* error: transfer full. */
static void
attempt_failed (GTask *task, const PeopleAttempt *attempt, GError *error)
{
  Mutation *self = g_task_get_task_data (task);
  gboolean again = attempt->may_pass;

  if (attempt->reached && !self->reached) {
    self->reached = TRUE;
    self->first = g_strdup (self->replaced);
  }
  self->depth = REVALIDATE_PERSON;
  if (attempt->new_token && !self->renewed) {
    self->renewed = TRUE;
    g_error_free (error);
    mutation_attempt (task);
    return;
  }
  if (self->photo == NULL && g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND))
    again = ++self->not_found < MAX_NOT_FOUND;
  if (!again) {
    mutation_fail (task, error);
    return;
  }
  self->stage = WAITING;
  attempts_again_async (&self->attempts, error, attempt->retry_after, g_task_get_cancellable (task), on_waited, task);
}

static gboolean
shows_another_photo (const PeoplePerson *said, const char *version)
{
  g_autofree char *shown = said->photo_url != NULL ? photo_url_version (said->photo_url) : NULL;

  return shown != NULL && g_strcmp0 (shown, version) != 0;
}

static void
on_unconfirmed_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;

  if (photos_save_finish (result, &error)) {
    succeed (task);
    return;
  }
  g_prefix_error (&error, "the service says that it took the photo, and does not show it; it could not be kept in "
                          ".previous: ");
  mutation_finish (task, error);
}

/* The service says that it took the photo, and shows another one or none. Nothing proves that it has it: so the picture is in
 * .previous before anybody is told. */
static void
keep_unconfirmed (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  reconcile_unconfirmed (self->sync, self->person, self->photo);
  photos_save_async (self->sync->photos, ARCHIVE_PREVIOUS, self->person, NULL, self->photo, on_unconfirmed_saved, task);
}

static void
on_updated (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  PeopleAttempt attempt;
  GError *error = NULL;
  g_autoptr (PeoplePerson) said = people_update_photo_finish (self->sync->people, result, &attempt, &error);
  gboolean one_before_is_unconfirmed = self->person->unconfirmed != NULL;
  g_autofree char *version = NULL;

  book_note_outcome (self->sync->book, error);
  if (said == NULL) {
    attempt_failed (task, &attempt, error);
    return;
  }
  book_people_apply_answer (self->sync->book, said, self->replaced);
  version = book_person_photo_version (self->person);
  if (g_strcmp0 (version, self->replaced) == 0 || one_before_is_unconfirmed) {
    keep_unconfirmed (task);
    return;
  }
  if (!shows_another_photo (said, version)) /* and not one that came between */
    photos_note_uploaded (self->sync->photos, self->person, self->sha256);
  succeed (task);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  PeopleAttempt attempt;
  GError *error = NULL;
  g_autoptr (PeoplePerson) said = people_delete_photo_finish (self->sync->people, result, &attempt, &error);

  book_note_outcome (self->sync->book, error);
  if (said == NULL) {
    attempt_failed (task, &attempt, error);
    return;
  }
  if (!shows_another_photo (said, self->replaced)) /* removed, whatever an answer that lags may show */
    g_clear_pointer (&said->photo_url, g_free);
  book_people_apply_answer (self->sync->book, said, self->replaced);
  g_clear_pointer (&self->person->unconfirmed, g_bytes_unref);
  succeed (task);
}

/* A promised removal gives way to a successor, and whoever brings that is not told. */
static gboolean
is_withdrawn (const Mutation *self)
{
  return self->is_wanted != NULL && !self->is_wanted (self->wanted_data);
}

/* What came of earlier attempts is seen by who comes next. */
static void
withdraw (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  self->person->in_doubt = self->person->in_doubt || self->reached;
  mutation_finish (task, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "a new photo is coming, or came"));
}

/* A new photo is about to be sent: what was promised to be removed is not to be, whatever becomes of the new one. FALSE: a later
 * mount would not know. */
static gboolean
cross_out_promise (const Mutation *self, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (book_store_remove_deletion (self->sync->store, self->person->resource_name, &why))
    return TRUE;
  g_set_error (error, BOOK_ERROR, BOOK_ERROR_IO, "the removal of the photo before it could not be crossed out: %s",
               why->message);
  return FALSE;
}

static void
request (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  if (mutation_time_left (self) < LEAST_REMAINDER) {
    mutation_fail (task, too_late (self));
    return;
  }
  if (is_withdrawn (self)) {
    withdraw (task);
    return;
  }
  if (self->photo != NULL && !cross_out_promise (self, &error)) {
    mutation_fail (task, error);
    return;
  }
  self->stage = REQUESTING;
  self->requested = TRUE;
  if (self->photo != NULL)
    people_update_photo_async (self->sync->people, self->person->resource_name, self->photo, self->deadline,
                               cancellable, on_updated, task);
  else
    people_delete_photo_async (self->sync->people, self->person->resource_name, self->deadline, cancellable, on_deleted,
                               task);
}

/* ---- SAVING ---- */

static void revalidate (GTask *task);
static void save (GTask *task);

/* What is there is saved, or there is nothing to save: is it still what is there? */
static void
request_if_fresh (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);
  g_autofree char *version = book_person_photo_version (self->person);

  if (g_strcmp0 (version, self->replaced) != 0 || g_get_monotonic_time () - self->revalidated > REVALIDATION_HOLDS)
    revalidate (task);
  else
    request (task);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean saved = photos_save_finish (result, &error);

  if (!saved && g_error_matches (error, BOOK_ERROR, BOOK_ERROR_IO) && !self->fetched_anew) {
    g_message ("%s: the photo is fetched anew: %s", self->person->name, error->message);
    g_error_free (error);
    self->fetched_anew = TRUE;
    photos_drop (self->sync->photos, self->replaced);
    save (task);
  } else if (!saved) {
    g_prefix_error (&error, "the present photo could not be kept in .previous, so it was left alone: ");
    mutation_fail (task, error);
  } else if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error)) {
    mutation_fail (task, error);
  } else {
    request_if_fresh (task);
  }
}

static void
on_present_photo (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (Photo) photo = photos_get_finish (self->sync->photos, result, &error);

  g_free (self->replaced);
  self->replaced = photo != NULL ? g_strdup (photo->version) : book_person_photo_version (self->person);
  if (photo != NULL && self->photo != NULL && photos_is_present (self->sync->photos, self->person, self->sha256)) {
    g_info ("%s: these bytes are the photo already; nothing is sent", self->person->name);
    succeed_unchanged (task);
    return;
  }
  if (photo != NULL) {
    photos_save_async (self->sync->photos, ARCHIVE_PREVIOUS, self->person, g_steal_pointer (&photo), NULL, on_saved,
                       task);
    return;
  }
  if (g_error_matches (error, BOOK_ERROR, BOOK_ERROR_NOT_FOUND)
      || (g_error_matches (error, BOOK_ERROR, BOOK_ERROR_LOST) && !photos_may_be_too_new (self->person))) {
    /* nobody can save it */
    g_info ("%s: nothing to keep in .previous: %s", self->person->name, error->message);
    g_clear_error (&error);
    request_if_fresh (task);
    return;
  }
  if (error->domain != G_IO_ERROR)
    g_prefix_error (&error, "the present photo could not be fetched to keep it in .previous, so it was left alone: ");
  mutation_fail (task, error);
}

/* There is another photo than the one to remove: whatever became of earlier attempts, this one has nothing to do with it. */
static void
overtaken (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  self->reached = FALSE;
  mutation_fail (
      task, g_error_new (BOOK_ERROR, BOOK_ERROR_OVERTAKEN, "the photo has changed meanwhile; the new one is kept"));
}

static void
save (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->stage = SAVING;
  g_free (self->replaced);
  self->replaced = book_person_photo_version (self->person);
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error))
    mutation_fail (task, error);
  else if (self->person->gone)
    mutation_fail (task,
                   g_error_new (BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "the contact is no longer in the address book"));
  else if (self->photo == NULL && self->replaced == NULL && self->person->unconfirmed == NULL)
    succeed (task); /* already gone is success */
  else if (is_withdrawn (self))
    withdraw (task);
  else if (self->expected != NULL && g_strcmp0 (self->expected, self->replaced) != 0)
    overtaken (task);
  else if (self->person->unconfirmed != NULL)
    photos_save_async (self->sync->photos, ARCHIVE_PREVIOUS, self->person, NULL, self->person->unconfirmed, on_saved,
                       task);
  else if (self->replaced == NULL)
    request_if_fresh (task);
  else
    photos_get_async (
        self->sync->photos, self->person, FALSE,
        MIN (photos_timeout (self->sync->photos), (guint)(mutation_time_left (self) / G_USEC_PER_SEC) + 1),
        g_task_get_cancellable (task), on_present_photo, task);
}

/* ---- REVALIDATING ---- */

static void
on_revalidated (gboolean no_such_person, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);

  self->revalidation = NULL;
  if (no_such_person && self->photo == NULL)
    succeed (task); /* the photo is gone with the contact, which the next delta takes away */
  else
    save (task);
}

static void
revalidate (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  if (mutation_time_left (self) < LEAST_REMAINDER) {
    mutation_fail (task, too_late (self));
    return;
  }
  self->stage = REVALIDATING;
  self->revalidated = g_get_monotonic_time ();
  if (self->person->in_doubt)
    self->depth = REVALIDATE_PERSON;
  self->revalidation = revalidate_begin (self->sync, self->person, self->depth, self->deadline, on_revalidated, task);
  if (self->revalidation == NULL)
    save (task);
}

/* ---- AUTHORIZING ---- */

static void
on_authorized (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (people_authorize_finish (self->sync->people, result, &error)) {
    revalidate (task);
    return;
  }
  book_note_outcome (self->sync->book, error);
  mutation_fail (task, error);
}

void
mutation_attempt (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  self->stage = AUTHORIZING;
  people_authorize_async (self->sync->people, self->deadline, g_task_get_cancellable (task), on_authorized, task);
}
