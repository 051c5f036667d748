/*
 * A photo for who waits for it: from the cache, or fetched once for all.
 *
 * photos_get_async is one of these states per waiter; fetches are shared by version (fetch.c):
 *
 *   cached, and seen to be what was fetched (SHA-256) ───────────────→ done
 *   cached, but not what was fetched ─→ dropped, and not cached any more
 *   not cached → joins a fetch → bytes, kept in the cache ────────────→ done
 *                             └→ 404: the person once more (people.get) → another version: from the start
 *                                                                      → none any more: BOOK_ERROR_NOT_FOUND
 *
 * A waiter has its own deadline and its own cancellable: when they end, only this waiter leaves; a fetch that nobody
 * waits for and that was not begun ahead of need is cancelled.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/apply.h"
#include "book/orders.h"
#include "net/wait-limits.h"
#include "people/photo.h"
#include "photo/hash.h"
#include "photo/internal.h"

/* For so long after a change, a photo that the image host does not know may just be new. */
#define FRESH_US (60 * G_TIME_SPAN_SECOND)

/* So long the answer holds that a photo is listed and not delivered: an open is preceded by looks at it. */
#define UNDELIVERED_US (3 * G_TIME_SPAN_SECOND)

/* Hosts keep a connection on which nothing is asked for some minutes. */
#define CONNECT_EACH_US (60 * G_TIME_SPAN_SECOND)

/* A fetch that ends at the waiter's own deadline knows better than a timer why it failed. */
#define LAST_WORD_US (500 * 1000)

typedef struct {
  Photos *photos;
  BookPerson *person;
  gboolean profile;
  gint64 deadline;
  guint refetches; /* people.get after a 404 */
  Fetch *fetch;    /* while it waits for one */
  Limits limits;   /* of that wait */
} Get;

static void step (GTask *task);

static void
get_free (gpointer data)
{
  Get *self = data;

  g_assert (self->fetch == NULL);
  book_person_unref (self->person);
  g_free (self);
}

/* ---- a waiter leaves its fetch ---- */

/* The fetch that it waited for; NULL: none. */
static Fetch *
stop_waiting (GTask *task)
{
  Get *self = g_task_get_task_data (task);

  limits_stop (&self->limits);
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
on_waiter_cancelled (GCancellable *cancellable, gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (data);

  leave (task);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static gboolean
on_waiter_timeout (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (data);

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

gboolean
photos_may_be_too_new (const BookPerson *person)
{
  return g_get_real_time () - person->update_time < FRESH_US;
}

/* The URL is dead. Either the photo has changed since we last heard, or it is so new that the image host does not know
 * it yet. */
static void
refetch_person (GTask *task, const char *version)
{
  Get *self = g_task_get_task_data (task);

  if (self->refetches++ > 0) {
    if (photos_may_be_too_new (self->person) && self->deadline - g_get_monotonic_time () > 2 * G_TIME_SPAN_SECOND) {
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
  gint64 last = MAX (self->deadline, g_get_monotonic_time ());

  self->fetch = fetch_join (self->photos, version, url, self->deadline, task, on_fetched);
  if (fetch_deadline (self->fetch) <= self->deadline)
    last += LAST_WORD_US;
  limits_start (&self->limits, last, on_waiter_timeout, g_task_get_cancellable (task), on_waiter_cancelled, task);
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
    g_task_return_new_error (worker, BOOK_ERROR, BOOK_ERROR_IO, PHOTO_DAMAGED);
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
  photos_settle_check (self->photos, g_task_get_task_data (G_TASK (result)), error);
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
  gboolean is_intact;
  Photo *photo;

  if (g_task_return_error_if_cancelled (task) || activity_refuse (photos->activity, task))
    return;
  if (url == NULL) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "there is no photo any more");
    return;
  }
  version = photo_url_version (url);
  photo = photos_open_cached (photos, version, &is_intact);
  if (photo != NULL && photos_check_at_once (photos, &photo, is_intact)) {
    g_task_return_pointer (task, photo, (GDestroyNotify)photo_free);
    return;
  }
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

void
photos_expect (Photos *photos)
{
  const GPtrArray *people = book_order (photos->book, BOOK_ORDER_LISTED);
  g_autofree char *version = people->len > 0 ? book_person_photo_version (people->pdata[0]) : NULL;
  gint64 now = g_get_monotonic_time (), last = MAX (photos->connected, photos->fetch_ended);
  BookStorePhoto row;

  if (version == NULL || (last > 0 && now - last < CONNECT_EACH_US) || activity_is_ending (photos->activity)
      || (cache_lookup (photos->cache, version, &row) && row.cached))
    return;
  photos->connected = now;
  http_connect (photos->http, ((const BookPerson *)people->pdata[0])->photo_url,
                !people_client_is_at_home (photos->people));
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
