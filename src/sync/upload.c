/*
 * From what a program wrote to the service's photo:
 *
 *   PREPARING ─────────→ HASHING ─→ COMPARING ─────→ in the account's queue (mutation-queue.c) ─→ done, with a note
 *   made into what                  a smaller copy   what one person's programs wrote gets there in the order in
 *   the service takes               of the photo     which they wrote it, however long the pictures take. Nothing is
 *   (image/prepare.h)               that is there?   sent when it is the photo that is there already
 *
 * All inside the deadline of an upload. A mere check ends before the queue.
 */
#define G_LOG_DOMAIN "contactfs"

#include "image/header.h"
#include "image/prepare.h"
#include "photo/hash.h"
#include "sync/mutation.h"

typedef struct {
  Sync *sync;
  BookPerson *person;
  ImagePrepared *prepared;
  char *sha256;   /* of what is prepared */
  Photo *present; /* the photo to compare with */
  gboolean ready; /* for the queue, once those before it are */
  gboolean is_smaller_copy;
  gboolean only_check;
  gint64 deadline;
} Upload;

static void
upload_free (gpointer data)
{
  Upload *self = data;

  g_clear_pointer (&self->prepared, image_prepared_free);
  g_free (self->sha256);
  g_clear_pointer (&self->present, photo_free);
  book_person_unref (self->person);
  g_free (self);
}

/* Consumes the task; error: transfer full, or NULL for success. */
static void
upload_end (GTask *task, GError *error)
{
  Activity *activity = ((Upload *)g_task_get_task_data (task))->sync->activity;

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
  activity_release (activity, ACTIVITY_WORK);
}

/* ---- in the queue ---- */

static char *
make_note (const Upload *self)
{
  const char *smaller = "it is a smaller copy of the photo that it replaced, which is in .previous";

  if (!self->is_smaller_copy)
    return g_strdup (self->prepared->note);
  if (self->prepared->note == NULL)
    return g_strdup (smaller);
  return g_strconcat (self->prepared->note, "; ", smaller, NULL);
}

static void
on_replaced (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Upload *self = g_task_get_task_data (task);
  g_autofree char *note = make_note (self);
  GError *error = NULL;

  if (mutation_replace_finish (self->sync, result, &error))
    book_person_set_note (self->person, note);
  upload_end (task, error);
}

static gboolean
is_somebody_before (const GList *link)
{
  const Upload *self = g_task_get_task_data (link->data);

  for (const GList *before = link->prev; before != NULL; before = before->prev)
    if (((const Upload *)g_task_get_task_data (before->data))->person == self->person)
      return TRUE;
  return FALSE;
}

static void
enqueue_ready (Sync *sync)
{
  for (GList *link = sync->uploads.head, *next; link != NULL; link = next) {
    GTask *task = link->data;
    Upload *self = g_task_get_task_data (task);

    next = link->next;
    if (!self->ready || is_somebody_before (link))
      continue;
    g_queue_delete_link (&sync->uploads, link);
    mutation_replace_async (sync, self->person, self->prepared->bytes, self->sha256, self->deadline,
                            g_task_get_cancellable (task), on_replaced, task);
  }
}

static void
on_rechecked (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  sync_recheck_finish (result, &error);
  upload_end (data, error);
}

static void
get_ready (GTask *task)
{
  Upload *self = g_task_get_task_data (task);

  if (self->only_check) {
    sync_recheck_async (self->sync, on_rechecked, task);
    return;
  }
  self->ready = TRUE;
  enqueue_ready (self->sync);
}

/* error: transfer full. */
static void
give_up (GTask *task, GError *error)
{
  Upload *self = g_task_get_task_data (task);
  Sync *sync = self->sync;

  if (self->only_check) {
    upload_end (task, error);
    return;
  }
  g_queue_remove (&sync->uploads, task);
  upload_end (task, error);
  enqueue_ready (sync);
}

/* ---- COMPARING ---- */

static void
on_compared (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Upload *self = g_task_get_task_data (task);

  self->is_smaller_copy = image_is_smaller_copy_finish (result);
  if (self->is_smaller_copy && self->sync->options.protect)
    give_up (task,
             g_error_new (BOOK_ERROR, BOOK_ERROR_EXISTS,
                          "the same picture is there already, and larger; remove that one first, or mount without "
                          "--protect"));
  else
    get_ready (task);
}

static void
on_present_photo (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Upload *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  self->present = photos_get_finish (self->sync->photos, result, &error);
  if (self->present != NULL)
    bytes = photo_read (self->present, NULL);
  if (bytes == NULL) { /* the upload will meet the same trouble, and has the words for it */
    get_ready (task);
    return;
  }
  image_is_smaller_copy_async (self->sync->image_helper, self->prepared->bytes, bytes, self->deadline,
                               g_task_get_cancellable (task), on_compared, task);
}

static void
compare (GTask *task)
{
  Upload *self = g_task_get_task_data (task);
  Sync *sync = self->sync;
  guint seconds = (guint)(MAX (self->deadline - g_get_monotonic_time (), 0) / G_USEC_PER_SEC) + 1;

  if (self->person->photo_url == NULL || self->person->gone || (self->only_check && !sync->options.protect)
      || photos_is_present (sync->photos, self->person, self->sha256))
    get_ready (task);
  else
    photos_get_async (sync->photos, self->person, FALSE, MIN (photos_timeout (sync->photos), seconds),
                      g_task_get_cancellable (task), on_present_photo, task);
}

/* ---- HASHING ---- */

static void
on_hashed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Upload *self = g_task_get_task_data (task);

  self->sha256 = hash_finish (result);
  compare (task);
}

/* ---- PREPARING ---- */

/* error: transfer full, and so is what comes back. */
static GError *
translate (GError *error)
{
  g_autoptr (GError) owned = error;

  if (error->domain != IMAGE_ERROR)
    return g_steal_pointer (&owned);
  switch ((ImageError)error->code) {
  case IMAGE_ERROR_TIMED_OUT:
    return g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT, error->message);
  case IMAGE_ERROR_HELPER:
    return g_error_new_literal (BOOK_ERROR, BOOK_ERROR_IO, error->message);
  case IMAGE_ERROR_NOT_A_PICTURE:
  case IMAGE_ERROR_UNSUPPORTED:
  case IMAGE_ERROR_CUT_OFF:
    break;
  }
  return g_error_new (BOOK_ERROR, BOOK_ERROR_INVALID, "what was written %s", error->message);
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Upload *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->prepared = image_prepare_finish (result, &error);
  if (self->prepared != NULL)
    hash_async (self->prepared->bytes, on_hashed, task);
  else
    give_up (task, translate (error));
}

/* Consumes the task. */
static void
upload_start (GTask *task, Sync *sync, BookPerson *person, GBytes *written, GBytes *base, gboolean only_check)
{
  const ImageWishes wishes = {
    .max_bytes = (gsize)sync->options.max_photo_bytes,
    .max_side = sync->options.max_photo_pixels,
    .strip_metadata = sync->options.strip_metadata,
  };
  GError *paused = NULL;
  Upload *self;

  g_task_set_check_cancellable (task, FALSE);
  if (activity_refuse (sync->activity, task)) {
    g_object_unref (task);
    return;
  }
  if (people_pause_left (sync->people, PEOPLE_CHANGES, &paused) > 0) { /* why convert it now? */
    g_task_return_error (task, paused);
    g_object_unref (task);
    return;
  }
  self = g_new0 (Upload, 1);
  self->sync = sync;
  activity_hold (sync->activity, ACTIVITY_WORK);
  self->person = book_person_ref (person);
  self->only_check = only_check;
  self->deadline = g_get_monotonic_time () + sync->options.upload_timeout * G_TIME_SPAN_SECOND;
  g_task_set_task_data (task, self, upload_free);
  if (!only_check)
    g_queue_push_tail (&sync->uploads, task);
  image_prepare_async (sync->image_helper, written, &wishes, base, self->deadline, g_task_get_cancellable (task),
                       on_prepared, task);
}

void
sync_upload_async (Sync *sync, BookPerson *person, GBytes *written, GBytes *base, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, sync_upload_async);
  upload_start (task, sync, person, written, base, FALSE);
}

void
sync_upload_check_async (Sync *sync, BookPerson *person, GBytes *written, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, sync_upload_check_async);
  upload_start (task, sync, person, written, NULL, TRUE);
}

gboolean
sync_upload_finish (Sync *sync, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
