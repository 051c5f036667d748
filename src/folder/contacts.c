/* The rooms below are put together; their beginning and their end, and what is told of all of them. */
#define G_LOG_DOMAIN "contactfs"

#include <glib/gstdio.h>
#include <unistd.h>

#include "folder/deletion.h"
#include "folder/flush.h"
#include "folder/take-back.h"
#include "net/json.h"

/* The pictures of .previous and .rejected are nobody's to show now, and nobody's to delete. */
static gboolean
set_archive_aside (Contacts *self, GError **error)
{
  g_autofree char *aside = NULL;

  if (!archive_set_aside (photos_archive (self->photos), &aside, error))
    return FALSE;
  if (aside != NULL)
    g_message ("The account \"%s\" is not the address book that it was: what was kept in .previous and .rejected is in "
               "%s now",
               book_account (self->book), aside);
  return TRUE;
}

Contacts *
contacts_new (PeopleClient *people, HttpClient *http, const ContactsOptions *options, GError **error)
{
  g_autoptr (Contacts) self = g_new0 (Contacts, 1);

  self->people = people;
  self->http = http;
  self->read_only = options->read_only;
  self->credentials = g_strdup (options->credentials);
  self->data_dir = g_strdup (options->photos.data_dir);
  self->started = g_get_real_time () / G_USEC_PER_SEC;
  self->book = book_new (people, &options->book, error);
  if (self->book == NULL)
    return NULL;
  self->store = book_store (self->book);
  self->activity = book_activity (self->book);
  self->photos = photos_new (self->book, people, http, &options->photos, error);
  if (self->photos == NULL || (options->book.anew && !set_archive_aside (self, error)))
    return NULL;
  self->sync = sync_new (self->book, self->photos, people, &options->sync);
  folders_init (self);
  deletions_load (self);
  return g_steal_pointer (&self);
}

/* An account of which nothing was ever seen, as after a try with the wrong credentials: no empty folders are left of it. The
 * book still has the lock, without which another mount may be about to use them. */
static void
remove_empty_folders (Contacts *self)
{
  g_rmdir (photos_cache_dir (self->photos)); /* fails where something is in it */
  g_rmdir (self->data_dir);
}

void
contacts_free (Contacts *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->sync, sync_free);
  if (self->folders != NULL)
    folders_clear (self);
  if (self->photos != NULL && !book_is_listed (self->book))
    remove_empty_folders (self);
  g_clear_pointer (&self->photos, photos_free);
  g_clear_pointer (&self->book, book_free);
  g_free (self->credentials);
  g_free (self->data_dir);
  g_free (self);
}

Book *
contacts_book (Contacts *self)
{
  return self->book;
}

Photos *
contacts_photos (Contacts *self)
{
  return self->photos;
}

Sync *
contacts_sync (Contacts *self)
{
  return self->sync;
}

void
folder_set_events (Contacts *contacts, const FolderEvents *folder_events, gpointer data)
{
  contacts->events = folder_events;
  contacts->events_data = data;
}

void
contacts_start (Contacts *self)
{
  sync_start (self->sync);
}

void
contacts_stop_async (Contacts *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GList) folders = g_hash_table_get_values (self->folders);

  activity_end_async (self->activity, photos_give_up_spare, self->photos, callback, data);
  sync_end (self->sync);
  for (GList *next = folders; next != NULL; next = next->next)
    drafts_finish (next->data);
  deletions_start (self);
}

void
contacts_stop_finish (Contacts *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* ---- status ---- */

/* Seconds since 1970; 0: none is planned. */
static gint64
next_sync_time (Contacts *self, const SyncStatus *status)
{
  if (status->next == 0 || activity_is_ending (self->activity))
    return 0;
  return (g_get_real_time () + MAX (status->next - g_get_monotonic_time (), 0)) / G_USEC_PER_SEC;
}

/* Seconds since 1970; 0: there is no pause. */
static gint64
pause_end (Contacts *self, PeopleAllowance which)
{
  gint64 left = people_pause_left (self->people, which, NULL);

  return left > 0 ? (g_get_real_time () + left) / G_USEC_PER_SEC + 1 : 0;
}

char *
contacts_status_json (Contacts *self)
{
  gint64 error_time;
  g_autofree char *account = json_quote (book_account (self->book));
  g_autofree char *credentials = json_quote (self->credentials);
  g_autofree char *last_error = json_quote (book_last_error (self->book, &error_time));
  g_autofree char *doubt = NULL;
  HttpStatistics http;
  SyncStatus sync;

  sync_get_status (self->sync, &sync);
  doubt = json_quote (sync.doubt);
  http_client_get_statistics (self->http, &http);
  return g_strdup_printf (
      "{\"account\":%s,\"credentials\":%s,\"pid\":%d,\"started\":%" G_GINT64_FORMAT ",\"people\":%u,\"hidden\":%u,"
      "\"photos\":%u,\"last_sync\":%" G_GINT64_FORMAT ",\"next_sync\":%" G_GINT64_FORMAT
      ",\"next_sync_in\":%" G_GINT64_FORMAT ",\"changes_paused_until\":%" G_GINT64_FORMAT
      ",\"listings_paused_until\":%" G_GINT64_FORMAT
      ",\"listing_doubt\":%s,\"reachable\":%s,\"waiting_mutations\":%u,\"cache_bytes\":%" G_GINT64_FORMAT
      ",\"cache_limit\":%" G_GINT64_FORMAT ",\"requests\":%" G_GUINT64_FORMAT ",\"connections\":%" G_GUINT64_FORMAT
      ",\"read_only\":%s,\"upload_timeout\":%u,\"last_error\":%s,\"last_error_time\":%" G_GINT64_FORMAT "}",
      account, credentials, (int)getpid (), self->started, book_people_count (self->book),
      book_hidden_count (self->book), book_photos_count (self->book), sync.last, next_sync_time (self, &sync),
      MAX (sync.next - g_get_monotonic_time (), 0) / G_USEC_PER_SEC, pause_end (self, PEOPLE_CHANGES),
      pause_end (self, PEOPLE_LISTINGS), doubt, book_is_reachable (self->book) ? "true" : "false",
      sync.waiting + deletions_count_promised (self), book_store_cached_bytes (self->store),
      photos_cache_limit (self->photos), http.requests, http.connections, self->read_only ? "true" : "false",
      sync.upload_timeout, last_error, error_time);
}
