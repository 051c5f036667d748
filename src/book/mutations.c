/*
 * The account's one queue of mutations: Google asks for them one after the other.
 *
 *   QUEUED ─→ PACING ─────────→ LOOKING ───────→ SAVING ─────────────────→ SENDING ─→ answered Person applied ─→ done
 *             a token of the     for news, as in   what is there now goes to  PATCH or DELETE, retried
 *             bucket, or wait    look.c            .previous; skipped for none inside the deadline
 *
 * Only the first of the queue is past QUEUED. The wait for a token comes before the look: what was seen is to be new
 * when we send. A mutation that is cancelled or late before SENDING has changed nothing;
 * after that its outcome may be unknown, and the person is asked for once more. The photo that is there is fetched and
 * put on disk *before* it is overwritten, and a mutation that cannot do so fails: a picture that the person had is
 * worth more than the new one's haste.
 */
#define G_LOG_DOMAIN "contactfs"

#include <unistd.h>

#include "book/internal.h"
#include "google/photo.h"

/* With less time left, an answer would hardly come, and nobody would know what the service did. */
#define LEAST_REMAINDER (200 * 1000)

typedef enum { QUEUED, PACING, LOOKING, SAVING, SENDING } Stage;

typedef struct {
  Book *book;
  BookPerson *person;
  GBytes *photo;  /* NULL: delete */
  char *sha256;   /* of photo */
  char *expected; /* delete only while this is the photo; NULL: whatever it is */
  char *replaced; /* the version that is there when we send */
  char *saved;    /* its name in .previous */
  gint64 deadline;
  gboolean promised; /* a removal that nobody waits for: its deadline begins with its turn */
  Stage stage;
  gboolean paid;  /* it has its token of the bucket */
  BookLook *look; /* while LOOKING */
  guint timer;    /* the deadline or the bucket */
  guint cancel_idle;
  gulong cancelled; /* handler on the task's cancellable */
} Mutation;

static void start_first (Book *book);

static void
mutation_free (gpointer data)
{
  Mutation *self = data;

  g_clear_pointer (&self->photo, g_bytes_unref);
  book_person_unref (self->person);
  g_free (self->sha256);
  g_free (self->expected);
  g_free (self->replaced);
  g_free (self->saved);
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

/* error: transfer full, or NULL for success. */
static void
finish (GTask *task, GError *error)
{
  Mutation *self = g_task_get_task_data (task);
  Book *book = self->book;
  gboolean first = g_queue_peek_head (&book->mutations) == task;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->cancel_idle, g_source_remove);
  g_clear_pointer (&self->look, book_look_abandon);
  if (self->paid && self->stage != SENDING)
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
  book_stop_check (book);
}

static gint64
time_left (const Mutation *self)
{
  return MAX (self->deadline - g_get_monotonic_time (), 0);
}

/* ---- after SENDING ---- */

/* TRUE if the service may have carried the mutation out although we heard an error. */
static gboolean
is_outcome_unknown (const GError *error)
{
  return error->domain == G_IO_ERROR || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
}

/* Nothing has changed at the service. */
static void
not_sent (GTask *task, GError *error)
{
  Mutation *self = g_task_get_task_data (task);

  if (self->saved != NULL)
    book_archive_remove (self->book->archive, BOOK_ARCHIVE_PREVIOUS, self->person->resource_name, self->saved);
  finish (task, error);
}

static void
send_failed (GTask *task, GError *error)
{
  Mutation *self = g_task_get_task_data (task);

  if (is_outcome_unknown (error)) {
    gboolean unanswered = error->domain == G_IO_ERROR || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);

    book_ask_for_person (self->book, self->person, unanswered ? BOOK_ASK_UNANSWERED : BOOK_ASK_FAILED, self->replaced,
                         self->saved);
    finish (task, error);
  } else {
    not_sent (task, error);
  }
}

static void
succeed (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  book_person_clear_error (self->person);
  book_tell_changed (self->book, self->person, self->photo);
  finish (task, NULL);
}

static gboolean
shows_another_photo (const PeoplePerson *said, const char *version)
{
  g_autofree char *shown = said->photo_url != NULL ? photo_url_version (said->photo_url) : NULL;

  return shown != NULL && g_strcmp0 (shown, version) != 0;
}

static void
on_updated (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (PeoplePerson) said = people_update_photo_finish (self->book->people, result, &error);
  gboolean one_before_is_unseen = self->person->unseen != NULL;

  book_note_outcome (self->book, error);
  if (said == NULL) {
    send_failed (task, error);
    return;
  }
  book_people_apply_answer (self->book, said, self->replaced);
  if (!shows_another_photo (said, self->replaced) || one_before_is_unseen)
    book_ask_for_unseen (self->book, self->person, self->photo);
  else
    book_photo_note_sent (self->book, self->person, self->sha256);
  succeed (task);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (PeoplePerson) said = people_delete_photo_finish (self->book->people, result, &error);

  book_note_outcome (self->book, error);
  if (said == NULL && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)) {
    send_failed (task, error);
    return;
  }
  if (said != NULL) {
    if (!shows_another_photo (said, self->replaced)) /* removed, whatever an answer that lags may show */
      g_clear_pointer (&said->photo_url, g_free);
    book_people_apply_answer (self->book, said, self->replaced);
  } else { /* somebody else removed it first */
    BookPerson *person = self->person;

    g_clear_error (&error);
    g_clear_pointer (&person->photo_url, g_free);
    if (self->replaced != NULL)
      book_person_supersede (person, self->replaced);
    if (!person->gone)
      book_person_store (self->book, person);
    book_folder_photo_changed (self->book, person, FALSE);
    book_ask_for_person (self->book, person, BOOK_ASK_GONE, self->replaced, self->saved);
  }
  g_clear_pointer (&self->person->unseen, g_bytes_unref);
  succeed (task);
}

/* A promised removal gives way to a successor, and whoever brings that is not told. */
static gboolean
is_withdrawn (const Mutation *self)
{
  return self->promised && !book_deletion_is_wanted (self->person);
}

static GError *
withdrawn (void)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "a new photo is coming, or came");
}

static GError *
too_late (void)
{
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT,
                      "the changes before this one took too long; nothing was changed, try again");
}

static void
send (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (time_left (self) < LEAST_REMAINDER) {
    not_sent (task, too_late ());
    return;
  }
  if (is_withdrawn (self)) {
    not_sent (task, withdrawn ());
    return;
  }
  self->stage = SENDING;
  if (self->photo != NULL)
    people_update_photo_async (self->book->people, self->person->resource_name, self->photo, self->deadline,
                               cancellable, on_updated, task);
  else
    people_delete_photo_async (self->book->people, self->person->resource_name, self->deadline, cancellable, on_deleted,
                               task);
}

/* ---- SAVING ---- */

typedef struct {
  BookArchive *archive;
  char *resource_name;
  int fd;        /* the present photo, or -1 and */
  GBytes *bytes; /* the one of ours that the service does not show yet */
} Save;

static void
save_free (gpointer data)
{
  Save *self = data;

  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->resource_name);
  g_free (self);
}

static void
save_in_worker (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Save *self = data;
  GError *error = NULL;
  g_autoptr (GMappedFile) file = self->fd >= 0 ? g_mapped_file_new_from_fd (self->fd, FALSE, &error) : NULL;
  g_autoptr (GBytes) bytes = file != NULL ? g_mapped_file_get_bytes (file) : g_steal_pointer (&self->bytes);
  char *name = NULL;

  if (bytes != NULL && book_archive_renew_previous (self->archive, self->resource_name, bytes)) {
    g_task_return_pointer (task, NULL, NULL);
    return;
  }
  if (bytes != NULL)
    name = book_archive_add (self->archive, BOOK_ARCHIVE_PREVIOUS, self->resource_name, bytes, &error);
  if (name != NULL)
    g_task_return_pointer (task, name, g_free);
  else
    g_task_return_error (task, error);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->saved = g_task_propagate_pointer (G_TASK (result), &error);
  if (error != NULL) {
    g_prefix_error (&error, "the present photo could not be kept in .previous, so it was left alone: ");
    finish (task, error);
    return;
  }
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error)) {
    not_sent (task, error);
    return;
  }
  send (task);
}

/* Of fd, which it takes, or bytes. */
static void
save (GTask *task, int fd, GBytes *bytes)
{
  Mutation *self = g_task_get_task_data (task);
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, on_saved, task);
  Save *data = g_new0 (Save, 1);

  data->archive = self->book->archive;
  data->resource_name = g_strdup (self->person->resource_name);
  data->fd = fd;
  data->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  g_task_set_task_data (worker, data, save_free);
  g_task_run_in_thread (worker, save_in_worker);
}

static void
on_present_photo (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (BookPhoto) photo = book_photo_get_finish (self->book, result, &error);

  if (photo == NULL
      && (g_error_matches (error, BOOK_ERROR, BOOK_ERROR_NOT_FOUND)
          || g_error_matches (error, BOOK_ERROR, BOOK_ERROR_LOST))) { /* nobody can save it */
    g_info ("%s: nothing to keep in .previous: %s", self->person->name, error->message);
    g_clear_error (&error);
    g_free (self->replaced);
    self->replaced = book_person_photo_version (self->person);
    send (task);
    return;
  }
  if (photo == NULL) {
    if (error->domain != G_IO_ERROR)
      g_prefix_error (&error, "the present photo could not be fetched to keep it in .previous, so it was left alone: ");
    finish (task, error);
    return;
  }
  if (self->photo != NULL && book_photo_is_present (self->book, self->person, self->sha256)) {
    g_info ("%s: these bytes are the photo already; nothing is sent", self->person->name);
    succeed (task);
    return;
  }
  g_free (self->replaced);
  self->replaced = g_strdup (photo->version);
  save (task, photo->fd, NULL);
  photo->fd = -1;
}

static void
save_present (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->stage = SAVING;
  self->replaced = book_person_photo_version (self->person);
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error)) {
    finish (task, error);
  } else if (self->person->gone) {
    finish (task, g_error_new (BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "the contact is no longer in the address book"));
  } else if (self->photo == NULL && self->replaced == NULL && self->person->unseen == NULL) {
    finish (task, NULL); /* already gone is success */
  } else if (is_withdrawn (self)) {
    finish (task, withdrawn ());
  } else if (self->expected != NULL && g_strcmp0 (self->expected, self->replaced) != 0) {
    finish (task, g_error_new (BOOK_ERROR, BOOK_ERROR_STALE, "the photo has changed meanwhile; the new one is kept"));
  } else if (self->person->unseen != NULL) {
    save (task, -1, self->person->unseen);
  } else if (self->replaced == NULL) {
    send (task);
  } else {
    book_photo_get_async (self->book, self->person, FALSE,
                          MIN (self->book->options.timeout, (guint)(time_left (self) / G_USEC_PER_SEC) + 1),
                          g_task_get_cancellable (task), on_present_photo, task);
  }
}

/* ---- LOOKING ---- */

static void
on_looked (gpointer data)
{
  GTask *task = data;

  ((Mutation *)g_task_get_task_data (task))->look = NULL;
  save_present (task);
}

static void
look (GTask *task)
{
  Mutation *self = g_task_get_task_data (task);

  self->stage = LOOKING;
  self->look = book_look (self->book, self->person, self->deadline, on_looked, task);
  if (self->look == NULL)
    save_present (task);
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
  look (task);
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
    look (task);
    return;
  }
  book->tokens = MIN (book->tokens + (double)(now - book->tokens_time) * per_us, book->options.writes_per_minute);
  book->tokens_time = now;
  if (book->tokens >= 1) {
    book->tokens -= 1;
    self->paid = TRUE;
    look (task);
    return;
  }
  wait = (gint64)((1 - book->tokens) / per_us);
  if (wait > time_left (self)) {
    finish (task, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_RATE,
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
  if (self->promised)
    self->deadline = g_get_monotonic_time () + self->book->options.upload_timeout * G_TIME_SPAN_SECOND;
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
    finish (task, too_late ());
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
    not_sent (task, error);
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

/* The queue owns the task until finish. deadline: 0 for a removal that was promised. */
static void
enqueue (Book *book, BookPerson *person, GBytes *photo, const char *sha256, const char *expected, gint64 deadline,
         GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Mutation *self;

  if (book_refuse_when_stopped (book, task)) {
    g_object_unref (task);
    return;
  }
  self = g_new0 (Mutation, 1);
  self->book = book;
  self->person = book_person_ref (person);
  self->photo = photo != NULL ? g_bytes_ref (photo) : NULL;
  self->sha256 = g_strdup (sha256);
  self->expected = g_strdup (expected);
  self->deadline = deadline;
  self->promised = deadline == 0;
  if (!self->promised)
    self->timer = g_timeout_add ((guint)(time_left (self) / 1000), on_deadline, task);
  g_task_set_task_data (task, self, mutation_free);
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

  g_task_set_source_tag (task, book_upload_async);
  enqueue (book, person, photo, sha256, NULL, deadline, task);
}

gboolean
book_upload_finish (Book *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
book_delete_photo_async (Book *book, BookPerson *person, const char *version, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, book_delete_photo_async);
  enqueue (book, person, NULL, NULL, version,
           g_get_monotonic_time () + book->options.upload_timeout * G_TIME_SPAN_SECOND, task);
}

void
book_delete_promised_async (Book *book, BookPerson *person, const char *version, GAsyncReadyCallback callback,
                            gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, book_delete_promised_async);
  enqueue (book, person, NULL, NULL, version, 0, task);
}

gboolean
book_delete_photo_finish (Book *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
