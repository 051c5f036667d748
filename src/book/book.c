/* The Book: what holds its parts together, its beginning and its end. */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "book/internal.h"
#include "net/json.h"

static void
copy_options (Book *self, const BookOptions *options)
{
  self->options = *options;
  self->options.account = g_strdup (options->account);
  self->options.credentials = g_strdup (options->credentials);
  self->options.state_dir = g_strdup (options->state_dir);
  self->options.cache_dir = g_strdup (options->cache_dir);
  self->options.data_dir = g_strdup (options->data_dir);
  self->options.image_helper = g_strdup (options->image_helper);
  self->options.sync_interval = MAX (options->sync_interval, 1);
}

static gboolean
lock_state (Book *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->options.state_dir, "lock", NULL);

  if (g_mkdir_with_parents (self->options.state_dir, 0700) != 0) {
    int code = errno;

    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "the folder %s cannot be made: %s",
                 self->options.state_dir, g_strerror (code));
    return FALSE;
  }
  self->lock_fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->lock_fd < 0) {
    int code = errno;

    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s cannot be opened: %s", path, g_strerror (code));
    return FALSE;
  }
  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) != 0) {
    close (self->lock_fd);
    self->lock_fd = -1;
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "the account \"%s\" is mounted already (contactfs status shows where); unmount it first",
                 self->options.account);
    return FALSE;
  }
  return TRUE;
}

/* An account of which nothing was ever seen, as after a try with the wrong credentials: no empty folders are left
 * of it. Only with the lock, which another mount has otherwise, and may be about to use them. */
static void
remove_empty_folders (Book *self)
{
  if (self->lock_fd < 0 || self->listed)
    return;
  g_rmdir (self->options.cache_dir); /* fails where something is in it */
  g_rmdir (self->options.data_dir);
}

Book *
book_new (PeopleClient *people, HttpClient *http, const BookOptions *options, GError **error)
{
  g_autoptr (Book) self = g_new0 (Book, 1);
  g_autofree char *database = NULL;

  self->lock_fd = -1;
  self->people = people;
  self->http = http;
  self->started = g_get_real_time () / G_USEC_PER_SEC;
  self->activity = activity_new ();
  self->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  copy_options (self, options);
  book_people_init (self);
  book_photos_init (self);
  book_sync_init (self);
  book_mutations_init (self);
  book_folders_init (self);
  self->image_helper = image_helper_new (self->options.image_helper);
  if (!lock_state (self, error))
    return NULL;
  database = g_build_filename (self->options.state_dir, "book.sqlite", NULL);
  self->store = book_store_open (database, error);
  if (self->store == NULL)
    return NULL;
  self->cache = book_cache_new (self->store, self->options.cache_dir, self->options.cache_bytes, error);
  if (self->cache == NULL)
    return NULL;
  self->archive = book_archive_new (self->options.data_dir);
  if ((options->anew && !book_forget_others (self, error)) || !book_people_load (self, error))
    return NULL;
  book_allowances_load (self);
  book_deletions_load (self);
  return g_steal_pointer (&self);
}

void
book_free (Book *self)
{
  if (self == NULL)
    return;
  book_sync_clear (self);
  book_orders_clear (self);
  book_mutations_clear (self);
  book_allowances_clear (self);
  g_clear_pointer (&self->image_helper, image_helper_free);
  book_folders_clear (self);
  book_photos_clear (self);
  book_people_clear (self);
  g_clear_pointer (&self->archive, book_archive_free);
  g_clear_pointer (&self->cache, book_cache_free);
  g_clear_pointer (&self->store, book_store_close);
  g_clear_pointer (&self->activity, activity_free);
  g_clear_pointer (&self->listeners, g_array_unref);
  remove_empty_folders (self);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->last_error);
  g_clear_error (&self->down);
  g_free (self->sync_missing);
  g_free (self->sync_doubt);
  g_free ((char *)self->options.account);
  g_free ((char *)self->options.credentials);
  g_free ((char *)self->options.state_dir);
  g_free ((char *)self->options.cache_dir);
  g_free ((char *)self->options.data_dir);
  g_free ((char *)self->options.image_helper);
  g_free (self);
}

gboolean
book_is_listed (Book *self)
{
  return self->listed;
}

void
book_note_up_to_date (Book *self)
{
  self->listed = TRUE;
  TELL (self, up_to_date);
}

void
book_listen (Book *self, const BookEvents *events, gpointer data)
{
  const Listener listener = { events, data };

  g_array_append_val (self->listeners, listener);
}

void
book_unlisten (Book *self, gpointer data)
{
  for (guint i = self->listeners->len; i-- > 0;)
    if (g_array_index (self->listeners, Listener, i).data == data)
      g_array_remove_index (self->listeners, i);
}

void
book_start (Book *self)
{
  book_sync_start (self);
}

/* ---- the end ---- */

static void
cancel_fetches (gpointer data)
{
  Book *self = data;
  g_autoptr (GList) fetches = g_hash_table_get_values (self->fetches);

  for (GList *next = fetches; next != NULL; next = next->next)
    book_fetch_cancel_if_ahead (next->data);
}

void
book_stop_async (Book *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GList) folders = g_hash_table_get_values (self->folders);

  activity_end_async (self->activity, cancel_fetches, self, callback, data);
  book_sync_clear (self);
  for (GList *next = folders; next != NULL; next = next->next)
    book_drafts_finish (next->data);
  book_deletions_start (self);
}

void
book_stop_finish (Book *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* ---- status ---- */

static guint
count_photos (Book *self)
{
  GHashTableIter iter;
  gpointer person;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->by_resource_name);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    n += ((BookPerson *)person)->photo_url != NULL;
  return n;
}

guint
book_waiting_mutations (Book *self)
{
  return g_queue_get_length (&self->sends) + g_queue_get_length (&self->mutations);
}

/* Seconds since 1970; 0: none is planned. */
static gint64
next_sync_time (Book *self)
{
  if (self->next_sync == 0 || activity_is_ending (self->activity))
    return 0;
  return (g_get_real_time () + MAX (self->next_sync - g_get_monotonic_time (), 0)) / G_USEC_PER_SEC;
}

/* Seconds since 1970; 0: there is no pause. */
static gint64
pause_end (Book *self, PeopleAllowance which)
{
  gint64 left = people_pause_left (self->people, which, NULL);

  return left > 0 ? (g_get_real_time () + left) / G_USEC_PER_SEC + 1 : 0;
}

char *
book_status_json (Book *self)
{
  g_autofree char *account = json_quote (self->options.account);
  g_autofree char *credentials = json_quote (self->options.credentials);
  g_autofree char *last_error = json_quote (self->last_error);
  g_autofree char *doubt = json_quote (self->sync_doubt);
  HttpStatistics http;

  http_client_get_statistics (self->http, &http);
  return g_strdup_printf (
      "{\"account\":%s,\"credentials\":%s,\"pid\":%d,\"started\":%" G_GINT64_FORMAT ",\"people\":%u,"
      "\"photos\":%u,\"last_sync\":%" G_GINT64_FORMAT ",\"next_sync\":%" G_GINT64_FORMAT
      ",\"next_sync_in\":%" G_GINT64_FORMAT ",\"changes_paused_until\":%" G_GINT64_FORMAT
      ",\"listings_paused_until\":%" G_GINT64_FORMAT
      ",\"listing_doubt\":%s,\"reachable\":%s,\"waiting_mutations\":%u,\"cache_bytes\":%" G_GINT64_FORMAT
      ",\"cache_limit\":%" G_GINT64_FORMAT ",\"requests\":%" G_GUINT64_FORMAT ",\"connections\":%" G_GUINT64_FORMAT
      ",\"read_only\":%s,\"upload_timeout\":%u,\"last_error\":%s,\"last_error_time\":%" G_GINT64_FORMAT "}",
      account, credentials, (int)getpid (), self->started, book_people_count (self), count_photos (self),
      self->last_sync, next_sync_time (self), MAX (self->next_sync - g_get_monotonic_time (), 0) / G_USEC_PER_SEC,
      pause_end (self, PEOPLE_CHANGES), pause_end (self, PEOPLE_LISTINGS), doubt,
      book_is_reachable (self) ? "true" : "false", book_waiting_mutations (self), book_store_cached_bytes (self->store),
      self->options.cache_bytes, http.requests, http.connections, self->options.read_only ? "true" : "false",
      self->options.upload_timeout, last_error, self->last_error_time);
}

BookArchive *
book_archive (Book *self)
{
  return self->archive;
}

const char *
book_cache_dir (Book *self)
{
  return self->options.cache_dir;
}
