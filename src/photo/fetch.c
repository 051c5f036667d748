/*
 * Photos on their way: each version is fetched once for all who wait for it, and all of them together have so many bytes
 * and no more.
 *
 *   new ─┬─ there is room ─→ running ─┬─ whole, and the picture ─→ kept in the cache ─→ every waiter gets it
 *        │      ↑                     ├─ failed ───────────────────────────────────→ every waiter hears why
 *        └─→ waiting ←────────────────┴─ put off: it would be too much
 *
 * A fetch holds what photos had lately, then the bytes that its host says it will send, or those that came if they are
 * more. When that is too much for all, the one that began last is put off: it begins anew when there is room. The one that
 * began first always goes on, so there is always one that ends.
 *
 * What is fetched ahead of need has the room that line.c leaves it, is asked for once, and is given up when it fails or when
 * somebody needs the room: whoever needs it asks for it. When somebody has begun to wait for it, it is his fetch and is
 * asked for again.
 */
#define G_LOG_DOMAIN "contactfs"

#include "image/image.h"
#include "people/photo.h"
#include "photo/hash.h"
#include "photo/internal.h"

struct Fetch {
  Photos *photos;
  char *version;
  char *url;
  gint64 deadline;
  guint64 number;     /* counts up: who began first */
  GPtrArray *waiters; /* of GTask, referenced */
  FetchFunc done;
  GCancellable *cancellable; /* of the run */
  gboolean ahead;            /* it goes on when nobody waits for it any more */
  gboolean once;             /* the run does not try again */
  gboolean running;
  gboolean put_off;  /* the run ends, and another one comes */
  gboolean given_up; /* nobody wants it: the run ends, and none comes */
  Incoming *incoming;
  LineTransfer transfer;
  gint64 held;
  gint64 expected; /* bytes, as far as an earlier run could tell */
  /* Of the body, by the worker that checks it. */
  char *sha256;
  const char *mime_type;
};

static void admit (Photos *photos);

/* Fetched ahead of need, as yet. */
static gboolean
is_ahead (const Fetch *self)
{
  return self->waiters->len == 0;
}

static void
hold (Fetch *self, gint64 bytes)
{
  self->photos->fetch_held += bytes - self->held;
  self->held = bytes;
}

/* ---- room ---- */

static void
stop_run (Fetch *self)
{
  self->expected = MAX (self->expected, self->held);
  hold (self, 0);
  g_cancellable_cancel (self->cancellable);
}

static void
put_off (Fetch *self)
{
  self->put_off = TRUE;
  self->given_up = self->given_up || is_ahead (self);
  stop_run (self);
}

typedef struct {
  Fetch *first, *last, *last_ahead;
} Running;

static Running
find_running (Photos *photos)
{
  Running running = { 0 };
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, photos->fetches);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Fetch *fetch = value;

    if (!fetch->running || fetch->put_off || fetch->given_up)
      continue;
    if (running.first == NULL || fetch->number < running.first->number)
      running.first = fetch;
    if (running.last == NULL || fetch->number > running.last->number)
      running.last = fetch;
    if (is_ahead (fetch) && (running.last_ahead == NULL || fetch->number > running.last_ahead->number))
      running.last_ahead = fetch;
  }
  return running;
}

/* Those who have waiters go before those who have none. */
static void
make_room (Photos *photos)
{
  Running running;

  if (photos->fetch_held <= LINE_MAX_BYTES)
    return;
  running = find_running (photos);
  while (photos->fetch_held > LINE_MAX_BYTES && running.last != running.first) {
    put_off (running.last_ahead != NULL ? running.last_ahead : running.last);
    running = find_running (photos);
  }
}

/* ---- a run's bytes ---- */

static gboolean
may_go_on (Fetch *self, gint64 bytes, GError **error)
{
  if (!self->put_off && !self->given_up) {
    hold (self, MAX (self->held, bytes));
    make_room (self->photos);
  }
  if (!self->put_off && !self->given_up)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "other photos go first");
  return FALSE;
}

static gboolean
begin_body (gpointer data, gint64 length, GError **error)
{
  Fetch *self = data;

  if (!incoming_restart (self->incoming, error))
    return FALSE;
  line_begin_body (&self->photos->line, &self->transfer);
  if (length >= 0 && !self->put_off && !self->given_up)
    hold (self, length); /* in place of what it was taken for */
  return may_go_on (self, 0, error);
}

static gboolean
take_bytes (gpointer data, gconstpointer bytes, gsize size, GError **error)
{
  Fetch *self = data;

  line_take (&self->photos->line, &self->transfer, size);
  return incoming_write (self->incoming, bytes, size, error) && may_go_on (self, self->incoming->size, error);
}

/* In a worker. The fetch is its own meanwhile: what the loop does to it goes by the cancellable. */
static gboolean
check_body (gpointer data, const char *content_type, GError **error)
{
  Fetch *self = data;
  g_autoptr (GBytes) body = incoming_read (self->incoming, error);
  gsize size;
  gconstpointer bytes;

  if (body == NULL)
    return FALSE;
  bytes = g_bytes_get_data (body, &size);
  if (!image_check_download (bytes, size, error))
    return FALSE;
  g_free (self->sha256);
  self->sha256 = hash_bytes (body);
  self->mime_type = image_kind_mime_type (image_kind (bytes, size));
  return TRUE;
}

static const PhotoSink sink = { { begin_body, take_bytes }, check_body };

/* ---- ends ---- */

static void
fetch_free (Fetch *self)
{
  hold (self, 0);
  activity_release (self->photos->activity, ACTIVITY_SPARE);
  incoming_free (self->incoming);
  g_ptr_array_unref (self->waiters);
  g_object_unref (self->cancellable);
  g_free (self->sha256);
  g_free (self->version);
  g_free (self->url);
  g_free (self);
}

/* photo and error: transfer full. */
static void
fetch_end (Fetch *self, Photo *photo_owned, GError *error_owned)
{
  Photos *photos = self->photos;
  g_autoptr (Photo) photo = photo_owned;
  g_autoptr (GError) error = error_owned;
  g_autoptr (GPtrArray) waiters = g_steal_pointer (&self->waiters);

  self->waiters = g_ptr_array_new (); /* what is done below may lead back to here */
  self->given_up = TRUE;
  photos->fetch_ended = g_get_monotonic_time ();
  if (g_hash_table_lookup (photos->fetches, self->version) == self)
    g_hash_table_remove (photos->fetches, self->version);
  if (photo == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_info ("a photo could not be fetched: %s", error->message);
  for (guint i = 0; i < waiters->len; i++) {
    g_autoptr (GError) own_error = NULL;
    Photo *copy = photo != NULL ? photo_share (photo, &own_error) : NULL;

    self->done (waiters->pdata[i], self->version, copy, own_error != NULL ? own_error : error);
  }
  keep_all_ended (photos->keep_all, self->version, photo, error);
  fetch_free (self);
  admit (photos);
  read_ahead_go_on (photos);
  keep_all_go_on (photos->keep_all);
}

static Photo *
keep (Fetch *self, GError **error)
{
  gint64 size = self->incoming->size;
  int fd;

  line_whole (&self->photos->line, &self->transfer, size);
  fd = cache_take (self->photos->cache, self->version, g_steal_pointer (&self->incoming), self->mime_type, self->sha256,
                   error);
  photos_note_cache_changed (self->photos);

  return fd >= 0 ? photo_new (self->version, fd, size, self->mime_type, self->sha256) : NULL;
}

/* It was put off, or somebody has begun to wait for it. */
static gboolean
begins_anew (const Fetch *self, const GError *error)
{
  return !self->given_up
         && (self->put_off
             || (self->once && !is_ahead (self) && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)));
}

static void
on_run_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  Fetch *self = data;
  Photos *photos = self->photos;
  GError *error = NULL;
  gboolean whole = photo_fetch_finish (photos->http, result, &error);

  self->running = FALSE;
  photos->fetch_runs--;
  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_RATE))
    line_slow_down (&photos->line);
  if (!whole && begins_anew (self, error)) {
    g_clear_error (&error);
    g_clear_pointer (&self->incoming, incoming_free);
    self->put_off = FALSE;
    self->once = FALSE;
    admit (photos);
  } else if (whole) {
    Photo *photo = keep (self, &error);

    fetch_end (self, photo, error);
  } else {
    fetch_end (self, NULL, error);
  }
}

/* ---- beginnings ---- */

static void
run (Fetch *self)
{
  Photos *photos = self->photos;
  GError *error = NULL;

  self->incoming = cache_begin (photos->cache, &error);
  if (self->incoming == NULL) {
    fetch_end (self, NULL, error);
    return;
  }
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->running = TRUE;
  photos->fetch_runs++;
  hold (self, self->expected);
  self->transfer.asked = g_get_monotonic_time ();
  photo_fetch_async (photos->http, self->url, people_client_is_at_home (photos->people), self->once, &sink, self,
                     self->deadline, self->cancellable, on_run_ended, self);
}

/* Who waits longest, if there is room for it. */
static Fetch *
find_admissible (Photos *photos)
{
  Fetch *first = NULL;
  gboolean any_runs = FALSE;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, photos->fetches);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Fetch *fetch = value;

    any_runs = any_runs || fetch->running;
    if (!fetch->running && !fetch->given_up && (first == NULL || fetch->number < first->number))
      first = fetch;
  }
  if (first == NULL || (any_runs && photos->fetch_held + first->expected > LINE_MAX_BYTES))
    return NULL;
  return first;
}

static void
admit (Photos *photos)
{
  Fetch *next;

  while ((next = find_admissible (photos)) != NULL)
    run (next);
}

static gboolean
end_given_up (gpointer data)
{
  fetch_end (data, NULL, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "nobody waits for it any more"));
  return G_SOURCE_REMOVE;
}

static void
give_up (Fetch *self)
{
  if (self->given_up)
    return;
  self->given_up = TRUE;
  if (self->running)
    stop_run (self);
  else
    g_idle_add_full (G_PRIORITY_DEFAULT, end_given_up, self, NULL);
}

static Fetch *
fetch_new (Photos *photos, const char *version, const char *url, gint64 deadline)
{
  Fetch *self = g_new0 (Fetch, 1);

  self->photos = photos;
  activity_hold (photos->activity, ACTIVITY_SPARE);
  self->version = g_strdup (version);
  self->url = g_strdup (url);
  self->deadline = deadline;
  self->number = photos->fetch_number++;
  self->expected = photos->line.typical;
  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();
  /* One that was given up may still have to hear that it has ended: it is nobody's to join. */
  g_hash_table_replace (photos->fetches, self->version, self);
  return self;
}

/* ---- for get.c ---- */

Fetch *
fetch_join (Photos *photos, const char *version, const char *url, gint64 deadline, GTask *waiter, FetchFunc done)
{
  Fetch *self = g_hash_table_lookup (photos->fetches, version);

  if (self == NULL || self->given_up)
    self = fetch_new (photos, version, url, deadline);
  self->done = done;
  g_ptr_array_add (self->waiters, g_object_ref (waiter));
  return self;
}

void
fetches_init (Photos *photos)
{
  photos->fetches = g_hash_table_new (g_str_hash, g_str_equal);
  line_init (&photos->line);
}

void
fetch_begin (Photos *photos)
{
  admit (photos);
}

gint64
fetch_deadline (const Fetch *self)
{
  return self->deadline;
}

void
fetch_leave (Fetch *self, GTask *waiter)
{
  g_ptr_array_remove_fast (self->waiters, waiter);
  if (self->waiters->len == 0 && (!self->ahead || activity_is_ending (self->photos->activity)))
    give_up (self);
}

void
photos_give_up_spare (gpointer data)
{
  Photos *self = data;
  g_autoptr (GList) fetches = g_hash_table_get_values (self->fetches);

  for (GList *next = fetches; next != NULL; next = next->next)
    if (is_ahead (next->data))
      give_up (next->data);
}

gboolean
fetch_ahead (Photos *photos, const char *version, const char *url, gint64 deadline)
{
  Fetch *self;

  if (!line_has_room (photos))
    return FALSE;
  self = fetch_new (photos, version, url, deadline);
  self->ahead = self->once = TRUE;
  admit (photos);
  return TRUE;
}
