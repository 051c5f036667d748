/*
 * Photos by version: from the cache, or fetched once for all who wait.
 *
 * photos_get_async is one of these states per waiter; fetches are shared by version (fetch.c):
 *
 *   cached, and seen to be what was fetched (SHA-256) ───────────────→ done
 *   cached, but changed by whatever ─→ dropped, so that it is:
 *   not cached → joins a fetch → bytes, kept in the cache ────────────→ done
 *                             └→ 404: the person once more (people.get) → another version: from the start
 *                                                                      → none any more: BOOK_ERROR_NOT_FOUND
 *
 * A waiter has its own deadline and its own cancellable: when they end, only this waiter leaves; a fetch that nobody
 * waits for and that was not begun ahead of need is cancelled.
 */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "book/apply.h"
#include "book/events.h"
#include "people/photo.h"
#include "photo/hash.h"
#include "photo/internal.h"

/* For so long after a change, a photo that the image host does not know may just be new. */
#define FRESH_US (60 * G_TIME_SPAN_SECOND)

/* So long the answer holds that a photo is listed and not delivered: an open is preceded by looks at it. */
#define UNDELIVERED_US (3 * G_TIME_SPAN_SECOND)

/* A fetch that ends at the waiter's own deadline knows better than a timer why it failed. */
#define LAST_WORD_US (500 * 1000)

#define DAMAGED "the cached photo is not what was fetched: the disk lost some of it"

/* To hash more would hold up the loop for longer than a millisecond or two: that is done on a worker. */
#define CHECK_AT_ONCE (256 * 1024)

typedef struct {
  Photos *photos;
  BookPerson *person;
  gboolean profile;
  gint64 deadline;
  guint refetches;  /* people.get after a 404 */
  Fetch *fetch;     /* while it waits for one */
  gulong cancelled; /* handler on the task's cancellable */
  guint timer;
} Get;

static void step (GTask *task);

void
photo_free (Photo *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->version);
  g_free (self);
}

static void
get_free (gpointer data)
{
  Get *self = data;

  g_assert (self->fetch == NULL);
  book_person_unref (self->person);
  g_free (self);
}

static void
on_resource_renamed (const char *from, const char *to, gpointer data)
{
  archive_rename (((Photos *)data)->archive, from, to);
}

static const BookEvents events = { .resource_renamed = on_resource_renamed };

Photos *
photos_new (Book *book, PeopleClient *people, HttpClient *http, const PhotosOptions *options, GError **error)
{
  g_autoptr (Photos) self = g_new0 (Photos, 1);

  self->book = book;
  self->people = people;
  self->http = http;
  self->options = *options;
  self->options.cache_dir = g_strdup (options->cache_dir);
  self->options.data_dir = g_strdup (options->data_dir);
  self->store = book_store (book);
  self->activity = book_activity (book);
  fetches_init (self);
  self->undelivered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->archive = archive_new (self->options.data_dir);
  book_listen (book, &events, self);
  self->cache = cache_new (self->store, self->options.cache_dir, self->options.cache_bytes, error);
  if (self->cache == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

void
photos_free (Photos *self)
{
  book_unlisten (self->book, self);
  g_clear_pointer (&self->fetches, g_hash_table_unref);
  g_clear_pointer (&self->undelivered, g_hash_table_unref);
  g_clear_pointer (&self->archive, archive_free);
  g_clear_pointer (&self->cache, cache_free);
  g_free ((char *)self->options.cache_dir);
  g_free ((char *)self->options.data_dir);
  g_free (self);
}

Archive *
photos_archive (Photos *self)
{
  return self->archive;
}

const char *
photos_cache_dir (const Photos *self)
{
  return self->options.cache_dir;
}

gint64
photos_cache_limit (const Photos *self)
{
  return self->options.cache_bytes;
}

guint
photos_timeout (const Photos *self)
{
  return self->options.timeout;
}

gboolean
photos_lookup (Photos *photos, const char *version, BookStorePhoto *row)
{
  return cache_lookup (photos->cache, version, row);
}

void
photos_drop (Photos *photos, const char *version)
{
  cache_drop (photos->cache, version);
}

Photo *
photo_new (const char *version, int fd, gint64 size, const char *mime_type, const char *sha256)
{
  Photo *photo = g_new0 (Photo, 1);

  photo->fd = fd;
  photo->size = size;
  photo->version = g_strdup (version);
  g_strlcpy (photo->mime_type, mime_type, sizeof photo->mime_type);
  g_strlcpy (photo->sha256, sha256, sizeof photo->sha256);
  return photo;
}

GBytes *
photo_read (const Photo *self, GError **error)
{
  gsize size = (gsize)self->size, done = 0;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *sha256 = NULL;
  char *data = g_malloc (size);
  gssize n = 1;

  while (done < size && n > 0) {
    n = TEMP_FAILURE_RETRY (pread (self->fd, data + done, size - done, (goffset)done));
    done += n > 0 ? (gsize)n : 0;
  }
  if (n < 0)
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_IO, "the photo on the disk could not be read: %s", g_strerror (errno));
  bytes = g_bytes_new_take (data, size);
  if (n < 0)
    return NULL;
  if (done == size && self->sha256[0] != '\0')
    sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  if (done == size && (sha256 == NULL || g_str_equal (sha256, self->sha256)))
    return g_steal_pointer (&bytes);
  g_set_error_literal (error, BOOK_ERROR, BOOK_ERROR_IO, DAMAGED);
  return NULL;
}

Photo *
photo_share (const Photo *photo, GError **error)
{
  int fd = fcntl (photo->fd, F_DUPFD_CLOEXEC, 0);

  if (fd < 0) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_NO_SPACE, "the photo cannot be opened: %s", g_strerror (errno));
    return NULL;
  }
  return photo_new (photo->version, fd, photo->size, photo->mime_type, photo->sha256);
}

/* From the cache, whatever its bytes are now, or NULL. */
static Photo *
open_cached (Photos *photos, const char *version)
{
  BookStorePhoto row;
  int fd;

  if (!cache_lookup (photos->cache, version, &row) || !row.cached)
    return NULL;
  fd = cache_open (photos->cache, version);
  return fd >= 0 ? photo_new (version, fd, row.size, row.mime_type, row.sha256) : NULL;
}

/* TRUE: it is what was fetched. FALSE: it is fetched anew. */
static gboolean
settle_check (Photos *photos, const Photo *photo, GError *error)
{
  if (error == NULL) {
    cache_note_intact (photos->cache, photo->version, photo->fd);
    return TRUE;
  }
  g_message ("a photo is fetched anew: %s", error->message);
  cache_drop (photos->cache, photo->version);
  return FALSE;
}

Photo *
photos_cached (Photos *photos, const char *version)
{
  g_autoptr (Photo) photo = open_cached (photos, version);
  g_autoptr (GBytes) bytes G_GNUC_UNUSED = NULL;
  g_autoptr (GError) error = NULL;

  if (photo == NULL || cache_is_intact (photos->cache, version, photo->fd))
    return g_steal_pointer (&photo);
  if (photo->size > CHECK_AT_ONCE)
    return NULL;
  bytes = photo_read (photo, &error);
  return settle_check (photos, photo, error) ? g_steal_pointer (&photo) : NULL;
}

gboolean
photos_is_present (Photos *photos, const BookPerson *person, const char *sha256)
{
  g_autofree char *version = book_person_photo_version (person);
  BookStorePhoto row;

  if (version == NULL || person->unconfirmed != NULL)
    return FALSE;
  return (cache_lookup (photos->cache, version, &row) && g_str_equal (row.sha256, sha256))
         || book_store_was_sent (photos->store, person->resource_name, version, sha256);
}

void
photos_note_uploaded (Photos *photos, const BookPerson *person, const char *sha256)
{
  g_autofree char *version = book_person_photo_version (person);
  g_autoptr (GError) error = NULL;

  if (version != NULL && !book_store_put_sent (photos->store, person->resource_name, version, sha256, &error))
    g_warning ("what was sent for %s could not be noted: %s", person->name, error->message);
}

/* ---- a waiter leaves its fetch ---- */

/* The fetch that it waited for; NULL: none. */
static Fetch *
stop_waiting (GTask *task)
{
  Get *self = g_task_get_task_data (task);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->cancelled != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), self->cancelled);
  self->cancelled = 0;
  return g_steal_pointer (&self->fetch);
}

static void
leave (GTask *task)
{
  Fetch *fetch = stop_waiting (task);

  if (fetch != NULL)
    fetch_leave (fetch, task);
}

static gboolean
on_waiter_cancelled (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (data);
  Get *self = g_task_get_task_data (task);

  self->timer = 0;
  leave (task);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/* A handler must not disconnect itself from a cancellable while it runs: it would wait for itself. */
static void
on_cancelled_signal (GCancellable *cancellable, gpointer data)
{
  Get *self = g_task_get_task_data (data);

  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_idle_add_full (G_PRIORITY_DEFAULT, on_waiter_cancelled, data, NULL);
}

static gboolean
on_waiter_timeout (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (data);
  Get *self = g_task_get_task_data (task);

  self->timer = 0;
  leave (task);
  g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT, "the photo did not arrive in time; try again");
  return G_SOURCE_REMOVE;
}

/* ---- what the fetch came to ---- */

static void
on_person (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Get *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) said = book_refetch_finish (result, &error);

  book_note_outcome (self->photos->book, error);
  if (said == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    step (task);
}

static gboolean
on_retry (gpointer data)
{
  Get *self = g_task_get_task_data (data);

  step (data);
  activity_release (self->photos->activity, ACTIVITY_WORK);
  return G_SOURCE_REMOVE;
}

static void
end_undelivered (GTask *task)
{
  g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_LOST,
                           "the service lists the photo but does not deliver it; the next sync may mend that");
}

static void
note_undelivered (Photos *photos, const char *version)
{
  gint64 until = g_get_monotonic_time () + UNDELIVERED_US;

  g_hash_table_replace (photos->undelivered, g_strdup (version), g_memdup2 (&until, sizeof until));
}

static gboolean
is_undelivered (Photos *photos, const char *version)
{
  const gint64 *until = g_hash_table_lookup (photos->undelivered, version);

  if (until != NULL && *until > g_get_monotonic_time ())
    return TRUE;
  g_hash_table_remove (photos->undelivered, version);
  return FALSE;
}

/* The URL is dead. Either the photo has changed since we last heard, or it is so new that the image host does not know
 * it yet. */
static void
refetch_person (GTask *task, const char *version)
{
  Get *self = g_task_get_task_data (task);
  gboolean fresh = g_get_real_time () - self->person->update_time < FRESH_US;

  if (self->refetches++ > 0) {
    if (fresh && self->deadline - g_get_monotonic_time () > 2 * G_TIME_SPAN_SECOND) {
      activity_hold (self->photos->activity, ACTIVITY_WORK);
      g_timeout_add_full (G_PRIORITY_DEFAULT, 1000, on_retry, g_object_ref (task), g_object_unref);
    } else {
      note_undelivered (self->photos, version);
      end_undelivered (task);
    }
    return;
  }
  book_refetch_async (self->photos->book, self->person, self->deadline, g_task_get_cancellable (task), on_person,
                      g_object_ref (task));
}

static void
on_fetched (GTask *task, const char *version, Photo *photo, const GError *error)
{
  Get *self = g_task_get_task_data (task);

  stop_waiting (task);
  if (photo != NULL)
    g_task_return_pointer (task, photo, (GDestroyNotify)photo_free);
  else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND))
    refetch_person (task, version);
  else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT)
           && self->deadline - g_get_monotonic_time () > G_TIME_SPAN_SECOND)
    step (task); /* joined a fetch that somebody else had begun earlier */
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    step (task); /* joined in the moment when the last waiter before us had left */
  else
    g_task_return_error (task, g_error_copy (error));
}

static void
join (GTask *task, const char *version, const char *url)
{
  Get *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  gint64 left = MAX (self->deadline - g_get_monotonic_time (), 0);

  self->fetch = fetch_join (self->photos, version, url, self->deadline, task, on_fetched);
  if (fetch_deadline (self->fetch) <= self->deadline)
    left += LAST_WORD_US;
  self->timer = g_timeout_add ((guint)(left / 1000), on_waiter_timeout, task);
  if (cancellable != NULL)
    self->cancelled = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled_signal), task);
  fetch_begin (self->photos);
}

static void
check_in_worker (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Photo *photo = data;
  GError *error = NULL;
  g_autofree char *sha256 = hash_file (photo->fd, photo->size, &error);

  if (error != NULL)
    g_task_return_error (worker, error);
  else if (photo->sha256[0] != '\0' && !g_str_equal (sha256, photo->sha256))
    g_task_return_new_error (worker, BOOK_ERROR, BOOK_ERROR_IO, DAMAGED);
  else
    g_task_return_boolean (worker, TRUE);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Get *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  settle_check (self->photos, g_task_get_task_data (G_TASK (result)), error);
  step (task);
  activity_release (self->photos->activity, ACTIVITY_WORK);
}

/* A large one that nobody has looked at since the mount, or since somebody touched it. Takes photo. */
static void
check (GTask *task, Photo *photo)
{
  Get *self = g_task_get_task_data (task);
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, on_checked, g_object_ref (task));

  activity_hold (self->photos->activity, ACTIVITY_WORK);
  g_task_set_task_data (worker, photo, (GDestroyNotify)photo_free);
  g_task_run_in_thread (worker, check_in_worker);
}

/* Where a get stands: look at the person as it is now. Consumes nothing; the task is kept by whoever waits. */
static void
step (GTask *task)
{
  Get *self = g_task_get_task_data (task);
  Photos *photos = self->photos;
  const char *url = self->profile ? self->person->profile_url : self->person->photo_url;
  g_autofree char *version = NULL;
  Photo *photo;

  if (g_task_return_error_if_cancelled (task) || activity_refuse (photos->activity, task))
    return;
  if (url == NULL) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "there is no photo any more");
    return;
  }
  version = photo_url_version (url);
  photo = photos_cached (photos, version);
  if (photo != NULL) {
    g_task_return_pointer (task, photo, (GDestroyNotify)photo_free);
    return;
  }
  photo = open_cached (photos, version);
  if (photo != NULL) {
    check (task, photo);
    return;
  }
  if (self->refetches == 0 && is_undelivered (photos, version)) {
    end_undelivered (task);
    return;
  }
  join (task, version, url);
}

void
photos_get_async (Photos *photos, BookPerson *person, gboolean profile, guint timeout, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Get *self = g_new0 (Get, 1);

  self->photos = photos;
  self->person = book_person_ref (person);
  self->profile = profile;
  self->deadline = g_get_monotonic_time () + timeout * G_TIME_SPAN_SECOND;
  g_task_set_source_tag (task, photos_get_async);
  g_task_set_task_data (task, self, get_free);
  g_task_set_check_cancellable (task, FALSE);
  step (task);
}

Photo *
photos_get_finish (Photos *photos, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

PhotosAhead
photos_prefetch (Photos *photos, BookPerson *person, gboolean size_alone)
{
  g_autofree char *version = book_person_photo_version (person);
  gint64 deadline = g_get_monotonic_time () + photos->options.timeout * G_TIME_SPAN_SECOND;
  BookStorePhoto row;

  if (activity_is_ending (photos->activity))
    return PHOTOS_AHEAD_FULL;
  if (version == NULL || g_hash_table_contains (photos->fetches, version)
      || (cache_lookup (photos->cache, version, &row) && (size_alone || row.cached)))
    return PHOTOS_AHEAD_THERE;
  return fetch_ahead (photos, version, person->photo_url, deadline) ? PHOTOS_AHEAD_BEGUN : PHOTOS_AHEAD_FULL;
}
