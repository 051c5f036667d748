/* The rooms below are put together; their beginning and their end, and what is told of all of them. */
#define G_LOG_DOMAIN "contactfs"

#include <glib/gstdio.h>
#include <unistd.h>

#include "folder/deletion.h"
#include "folder/flush.h"
#include "folder/take-back.h"
#include "net/json.h"

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
  if (self->photos == NULL || (options->book.anew && !photos_set_archive_aside (self->photos, error)))
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
  photos_start (self->photos);
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
  GString *json = g_string_new ("{");
  gint64 error_time;
  const char *error = book_last_error (self->book, &error_time);
  HttpStatistics http;
  SyncStatus sync;
  guint left;
  const char *keep_all = photos_keep_all_state (self->photos, &left);

  sync_get_status (self->sync, &sync);
  http_client_get_statistics (self->http, &http);
  json_add_text (json, "account", book_account (self->book));
  json_add_text (json, "credentials", self->credentials);
  json_add_number (json, "pid", getpid ());
  json_add_number (json, "started", self->started);
  json_add_number (json, "people", book_people_count (self->book));
  json_add_number (json, "hidden", book_hidden_count (self->book));
  json_add_number (json, "photos", book_photos_count (self->book));
  json_add_number (json, "last_sync", sync.last);
  json_add_number (json, "next_sync", next_sync_time (self, &sync));
  json_add_number (json, "next_sync_in", MAX (sync.next - g_get_monotonic_time (), 0) / G_USEC_PER_SEC);
  json_add_number (json, "changes_paused_until", pause_end (self, PEOPLE_CHANGES));
  json_add_number (json, "listings_paused_until", pause_end (self, PEOPLE_LISTINGS));
  json_add_text (json, "listing_doubt", sync.doubt);
  json_add_flag (json, "reachable", book_is_reachable (self->book));
  json_add_number (json, "waiting_mutations", sync.waiting + deletions_count_promised (self));
  json_add_number (json, "cache_bytes", photos_cache_bytes (self->photos));
  json_add_number (json, "cache_limit", photos_cache_limit (self->photos));
  if (keep_all != NULL) {
    json_add_text (json, "keep_all", keep_all);
    json_add_number (json, "keep_all_left", left);
  }
  json_add_number (json, "requests", (gint64)http.requests);
  json_add_number (json, "connections", (gint64)http.connections);
  json_add_flag (json, "read_only", self->read_only);
  json_add_flag (json, "ending", activity_is_ending (self->activity));
  json_add_number (json, "upload_timeout", sync.upload_timeout);
  json_add_text (json, "last_error", error);
  json_add_number (json, "last_error_time", error_time);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}
