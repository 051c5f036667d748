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

#include "book/internal.h"
#include "image/image.h"
#include "people/photo.h"

struct BookFetch {
  Book *book;
  char *version;
  char *url;
  gint64 deadline;
  guint64 number;     /* counts up: who began first */
  GPtrArray *waiters; /* of GTask, referenced */
  BookFetchFunc done;
  GCancellable *cancellable; /* of the run */
  gboolean ahead;            /* it goes on when nobody waits for it any more */
  gboolean once;             /* the run does not try again */
  gboolean running;
  gboolean put_off;  /* the run ends, and another one comes */
  gboolean given_up; /* nobody wants it: the run ends, and none comes */
  Incoming *incoming;
  BookTransfer transfer;
  gint64 held;
  gint64 expected; /* bytes, as far as an earlier run could tell */
  /* Of the body, by the worker that checks it. */
  char *sha256;
  const char *mime_type;
};

static void admit (Book *book);

/* Fetched ahead of need, as yet. */
static gboolean
is_ahead (const BookFetch *self)
{
  return self->waiters->len == 0;
}

static void
hold (BookFetch *self, gint64 bytes)
{
  self->book->fetch_held += bytes - self->held;
  self->held = bytes;
}

/* ---- room ---- */

static void
stop_run (BookFetch *self)
{
  self->expected = MAX (self->expected, self->held);
  hold (self, 0);
  g_cancellable_cancel (self->cancellable);
}

static void
put_off (BookFetch *self)
{
  self->put_off = TRUE;
  self->given_up = self->given_up || is_ahead (self);
  stop_run (self);
}

typedef struct {
  BookFetch *first, *last, *last_ahead;
} Running;

static Running
look_at_running (Book *book)
{
  Running running = { 0 };
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, book->fetches);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    BookFetch *fetch = value;

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
make_room (Book *book)
{
  Running running;

  if (book->fetch_held <= BOOK_LINE_MAX)
    return;
  running = look_at_running (book);
  while (book->fetch_held > BOOK_LINE_MAX && running.last != running.first) {
    put_off (running.last_ahead != NULL ? running.last_ahead : running.last);
    running = look_at_running (book);
  }
}

/* ---- a run's bytes ---- */

static gboolean
may_go_on (BookFetch *self, gint64 bytes, GError **error)
{
  if (!self->put_off && !self->given_up) {
    hold (self, MAX (self->held, bytes));
    make_room (self->book);
  }
  if (!self->put_off && !self->given_up)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "other photos go first");
  return FALSE;
}

static gboolean
begin_body (gpointer data, gint64 length, GError **error)
{
  BookFetch *self = data;

  if (!incoming_restart (self->incoming, error))
    return FALSE;
  book_line_begin_body (&self->book->line, &self->transfer);
  if (length >= 0 && !self->put_off && !self->given_up)
    hold (self, length); /* in place of what it was taken for */
  return may_go_on (self, 0, error);
}

static gboolean
take_bytes (gpointer data, gconstpointer bytes, gsize size, GError **error)
{
  BookFetch *self = data;

  book_line_take (&self->book->line, &self->transfer, size);
  return incoming_write (self->incoming, bytes, size, error) && may_go_on (self, self->incoming->size, error);
}

/* In a worker. The fetch is its own meanwhile: what the loop does to it goes by the cancellable. */
static gboolean
check_body (gpointer data, const char *content_type, GError **error)
{
  BookFetch *self = data;
  g_autoptr (GBytes) body = incoming_read (self->incoming, error);
  gsize size;
  gconstpointer bytes;

  if (body == NULL)
    return FALSE;
  bytes = g_bytes_get_data (body, &size);
  if (!image_check_download (bytes, size, error))
    return FALSE;
  g_free (self->sha256);
  self->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, body);
  self->mime_type = image_kind_mime_type (image_kind (bytes, size));
  return TRUE;
}

static const PhotoSink sink = { { begin_body, take_bytes }, check_body };

/* ---- ends ---- */

static void
fetch_free (BookFetch *self)
{
  hold (self, 0);
  activity_release (self->book->activity, ACTIVITY_SPARE);
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
fetch_end (BookFetch *self, BookPhoto *photo_owned, GError *error_owned)
{
  Book *book = self->book;
  g_autoptr (BookPhoto) photo = photo_owned;
  g_autoptr (GError) error = error_owned;
  g_autoptr (GPtrArray) waiters = g_steal_pointer (&self->waiters);

  self->waiters = g_ptr_array_new (); /* what is done below may lead back to here */
  self->given_up = TRUE;
  book->fetch_ended = g_get_monotonic_time ();
  if (g_hash_table_lookup (book->fetches, self->version) == self)
    g_hash_table_remove (book->fetches, self->version);
  if (photo == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_info ("a photo could not be fetched: %s", error->message);
  for (guint i = 0; i < waiters->len; i++) {
    g_autoptr (GError) own_error = NULL;
    BookPhoto *copy = photo != NULL ? book_photo_share (photo, &own_error) : NULL;

    self->done (waiters->pdata[i], self->version, copy, own_error != NULL ? own_error : error);
  }
  fetch_free (self);
  admit (book);
  book_scans_go_on (book);
}

static BookPhoto *
keep (BookFetch *self, GError **error)
{
  gint64 size = self->incoming->size;
  int fd;

  book_line_whole (&self->book->line, &self->transfer, size);
  fd = book_cache_take (self->book->cache, self->version, g_steal_pointer (&self->incoming), self->mime_type,
                        self->sha256, error);

  return fd >= 0 ? book_photo_new (self->version, fd, size, self->mime_type, self->sha256) : NULL;
}

/* It was put off, or somebody has begun to wait for it. */
static gboolean
begins_anew (const BookFetch *self, const GError *error)
{
  return !self->given_up
         && (self->put_off
             || (self->once && !is_ahead (self) && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)));
}

static void
on_run_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  BookFetch *self = data;
  Book *book = self->book;
  GError *error = NULL;
  gboolean whole = photo_fetch_finish (book->http, result, &error);

  self->running = FALSE;
  book->fetch_runs--;
  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_RATE))
    book_line_slow_down (&book->line);
  if (!whole && begins_anew (self, error)) {
    g_clear_error (&error);
    g_clear_pointer (&self->incoming, incoming_free);
    self->put_off = FALSE;
    self->once = FALSE;
    admit (book);
  } else if (whole) {
    BookPhoto *photo = keep (self, &error);

    fetch_end (self, photo, error);
  } else {
    fetch_end (self, NULL, error);
  }
}

/* ---- beginnings ---- */

static void
run (BookFetch *self)
{
  Book *book = self->book;
  GError *error = NULL;

  self->incoming = book_cache_begin (book->cache, &error);
  if (self->incoming == NULL) {
    fetch_end (self, NULL, error);
    return;
  }
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->running = TRUE;
  book->fetch_runs++;
  hold (self, self->expected);
  self->transfer.asked = g_get_monotonic_time ();
  photo_fetch_async (book->http, self->url, people_client_is_at_home (book->people), self->once, &sink, self,
                     self->deadline, self->cancellable, on_run_ended, self);
}

/* Who waits longest, if there is room for it. */
static BookFetch *
find_admissible (Book *book)
{
  BookFetch *first = NULL;
  gboolean any_runs = FALSE;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, book->fetches);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    BookFetch *fetch = value;

    any_runs = any_runs || fetch->running;
    if (!fetch->running && !fetch->given_up && (first == NULL || fetch->number < first->number))
      first = fetch;
  }
  if (first == NULL || (any_runs && book->fetch_held + first->expected > BOOK_LINE_MAX))
    return NULL;
  return first;
}

static void
admit (Book *book)
{
  BookFetch *next;

  while ((next = find_admissible (book)) != NULL)
    run (next);
}

static gboolean
end_given_up (gpointer data)
{
  fetch_end (data, NULL, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "nobody waits for it any more"));
  return G_SOURCE_REMOVE;
}

static void
give_up (BookFetch *self)
{
  if (self->given_up)
    return;
  self->given_up = TRUE;
  if (self->running)
    stop_run (self);
  else
    g_idle_add_full (G_PRIORITY_DEFAULT, end_given_up, self, NULL);
}

static BookFetch *
fetch_new (Book *book, const char *version, const char *url, gint64 deadline)
{
  BookFetch *self = g_new0 (BookFetch, 1);

  self->book = book;
  activity_hold (book->activity, ACTIVITY_SPARE);
  self->version = g_strdup (version);
  self->url = g_strdup (url);
  self->deadline = deadline;
  self->number = book->fetch_number++;
  self->expected = book->line.typical;
  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();
  /* One that was given up may still have to hear that it has ended: it is nobody's to join. */
  g_hash_table_replace (book->fetches, self->version, self);
  return self;
}

/* ---- for photos.c ---- */

BookFetch *
book_fetch_join (Book *book, const char *version, const char *url, gint64 deadline, GTask *waiter, BookFetchFunc done)
{
  BookFetch *self = g_hash_table_lookup (book->fetches, version);

  if (self == NULL || self->given_up)
    self = fetch_new (book, version, url, deadline);
  self->done = done;
  g_ptr_array_add (self->waiters, g_object_ref (waiter));
  return self;
}

void
book_fetches_init (Book *book)
{
  book->fetches = g_hash_table_new (g_str_hash, g_str_equal);
  book_line_init (&book->line);
}

void
book_fetch_begin (Book *book)
{
  admit (book);
}

gint64
book_fetch_deadline (const BookFetch *self)
{
  return self->deadline;
}

void
book_fetch_leave (BookFetch *self, GTask *waiter)
{
  g_ptr_array_remove_fast (self->waiters, waiter);
  if (self->waiters->len == 0 && (!self->ahead || activity_is_ending (self->book->activity)))
    give_up (self);
}

void
book_fetch_cancel_if_ahead (gpointer fetch)
{
  BookFetch *self = fetch;

  if (is_ahead (self))
    give_up (self);
}

gboolean
book_fetch_ahead (Book *book, const char *version, const char *url, gint64 deadline)
{
  BookFetch *self;

  if (!book_line_has_room (book))
    return FALSE;
  self = fetch_new (book, version, url, deadline);
  self->ahead = self->once = TRUE;
  admit (book);
  return TRUE;
}
