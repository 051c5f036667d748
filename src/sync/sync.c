/*
 * Listing and deltas.
 *
 *   idle ──(timer, start, somebody asks)──→ pages of a delta ──→ applied, token kept ──→ idle, next in sync_interval
 *                                             │ no token, or EXPIRED_SYNC_TOKEN
 *                                             ↓
 *                                           pages of everything ─→ applied, token kept ─→ idle
 *                                             │ it may not be the whole (listing.c)
 *                                             ↓
 *                                           who is in it is added, nobody removed ─→ idle, everything again soon
 *
 * QUOTA (a full listing has a small extra quota): idle as long as the pause lasts; what is known is served.
 *
 * Pages are put aside and applied together at the end, so that a listing that breaks off changes nothing. A token is
 * good only for the mask that it came with: both are kept.
 */
#define G_LOG_DOMAIN "contactfs"

#include <malloc.h>

#include "sync/mutation.h"

#define RETRY_MIN_S   5
#define DOUBT_S       30                  /* after a listing that may not be the whole */
#define MAX_PAGES     1000                /* at Google 25 of 1,000 people are all that there can be */
#define MAX_BYTES     (256 * 1024 * 1024) /* of all its pages, read; 25,000 people are a fifth of that */
#define RETRY_LOGIN_S 60
#define FIRST_SYNC_S  1 /* after the mount: the first ls has the machine and the wire to itself */

static void list_page (Sync *sync, const char *page_token);

static char *
stored_sync_token (Sync *sync)
{
  g_autofree char *fields = book_store_get (sync->store, "person_fields");

  return g_strcmp0 (fields, PEOPLE_PERSON_FIELDS) == 0 ? book_store_get (sync->store, "sync_token") : NULL;
}

static void
keep (Sync *sync, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;

  if (!book_store_set (sync->store, key, value, &error))
    g_warning ("%s could not be kept: %s", key, error->message);
}

static gboolean
on_sync_timer (gpointer data)
{
  Sync *sync = data;

  sync->timer = 0;
  sync_now_async (sync, NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
schedule (Sync *sync, guint seconds)
{
  g_clear_handle_id (&sync->timer, g_source_remove);
  if (activity_is_ending (sync->activity))
    return;
  sync->next_sync = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  sync->timer = g_timeout_add_seconds (seconds, on_sync_timer, sync);
}

/* Soon after a failure, then less and less often, but never less often than without one. A dead login is replaced by
 * somebody who sits there and waits to see it work; until then nothing is sent. */
static guint
retry_seconds (Sync *sync, const GError *error)
{
  guint most = sync->options.interval;

  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_QUOTA))
    return MAX ((guint)(people_pause_left (sync->people, PEOPLE_LISTINGS, NULL) / G_TIME_SPAN_SECOND) + 1, most);
  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH))
    most = MIN (most, RETRY_LOGIN_S);
  return MIN ((guint)RETRY_MIN_S << MIN (sync->failures, 10), most);
}

/* Nobody answered us, or only that it cannot. As soon as somebody does, whatever the question, the sync is worth another try. */
static gboolean
is_outage (const GError *error)
{
  return g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
}

/* After a listing that may not have been the whole the next one comes soon, then less and less often. */
static guint
next_seconds (Sync *sync)
{
  guint most = sync->options.interval;

  return sync->doubts > 0 ? MIN ((guint)DOUBT_S << MIN (sync->doubts - 1, 10), most) : most;
}

/* error: transfer full, or NULL. */
static void
sync_done (Sync *sync, GError *error)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&sync->waiting);

  g_clear_object (&sync->cancellable);
  g_clear_pointer (&sync->found, g_ptr_array_unref);
  g_clear_pointer (&sync->pages, g_hash_table_unref);
  sync->outage = is_outage (error);
  if (error == NULL) {
    sync->failures = 0;
    schedule (sync, next_seconds (sync));
  } else {
    if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      book_sync_failed (sync->book, error);
    schedule (sync, retry_seconds (sync, error));
    sync->failures++;
  }
  for (guint i = 0; waiting != NULL && i < waiting->len; i++) {
    if (error != NULL)
      g_task_return_error (waiting->pdata[i], g_error_copy (error));
    else
      g_task_return_boolean (waiting->pdata[i], TRUE);
  }
  g_clear_error (&error);
  activity_release (sync->activity, ACTIVITY_WORK);
}

static void
apply_pages (Sync *sync, const char *sync_token)
{
  g_autoptr (GPtrArray) people = g_steal_pointer (&sync->found);
  gboolean whole = sync->full && listing_is_whole (sync, people, sync_token);
  g_autofree char *now = NULL;
  GError *error = NULL;

  if (sync->ignored > 0)
    g_message ("the service listed %" G_GUINT64_FORMAT " people without a resource name that could be one: passed over",
               sync->ignored);
  if (!book_people_apply (sync->book, people, whole ? BOOK_APPLY_ALL : BOOK_APPLY_DELTA, &error)) {
    sync_done (sync, error);
    return;
  }
  sync->last_sync = g_get_real_time () / G_USEC_PER_SEC;
  sync->delta_came = g_get_monotonic_time ();
  now = g_strdup_printf ("%" G_GINT64_FORMAT, sync->last_sync);
  if (sync->full && !whole) {
    keep (sync, "sync_token", NULL);
  } else if (sync_token != NULL) { /* else the old one is still good for the next delta */
    keep (sync, "sync_token", sync_token);
    keep (sync, "person_fields", PEOPLE_PERSON_FIELDS);
  }
  keep (sync, "last_sync", now);
  g_debug ("%u people in the %s", people->len, sync->full ? "listing" : "delta");
  if (sync->full) {
    g_clear_pointer (&people, g_ptr_array_unref);
    book_store_trim (book_store (sync->book));
    malloc_trim (0); /* a large listing leaves the heap full of holes that nothing will need again */
  }
  book_note_up_to_date (sync->book);
  sync_done (sync, NULL);
}

/* From the first page on. */
static void
start_listing (Sync *sync)
{
  g_ptr_array_set_size (sync->found, 0);
  g_hash_table_remove_all (sync->pages);
  sync->total = 0;
  sync->size = 0;
  sync->ignored = 0;
  list_page (sync, NULL);
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  Sync *sync = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePage) page = people_list_finish (sync->people, result, &error);

  book_note_outcome (sync->book, error);
  if (page == NULL && g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SYNC_TOKEN) && !sync->full) {
    g_message ("the sync token is no longer valid; listing everybody again");
    keep (sync, "sync_token", NULL);
    sync->full = TRUE;
    start_listing (sync);
    return;
  }
  if (page == NULL) {
    sync_done (sync, g_steal_pointer (&error));
    return;
  }
  sync->total = MAX (sync->total, page->total);
  sync->size += page->size;
  sync->ignored += page->ignored;
  g_ptr_array_extend_and_steal (sync->found, g_steal_pointer (&page->people));
  if (page->next_page_token == NULL)
    apply_pages (sync, page->next_sync_token);
  else if (g_hash_table_size (sync->pages) + 1 >= MAX_PAGES)
    sync_done (sync, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                                  "the listing has no end: after %d pages the service names one more", MAX_PAGES));
  else if (sync->size > MAX_BYTES)
    sync_done (sync, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                                  "the listing is larger than an address book can be: %" G_GUINT64_FORMAT
                                  " bytes, and the service names one more page",
                                  sync->size));
  else if (g_hash_table_add (sync->pages, g_strdup (page->next_page_token)))
    list_page (sync, page->next_page_token);
  else /* round and round, for ever */
    sync_done (sync, g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                                          "the service names the same page of the listing as the next one twice"));
}

static void
list_page (Sync *sync, const char *page_token)
{
  g_autofree char *sync_token = sync->full ? NULL : stored_sync_token (sync);

  people_list_async (sync->people, sync_token, page_token,
                     g_get_monotonic_time () + photos_timeout (sync->photos) * G_TIME_SPAN_SECOND, sync->cancellable,
                     on_page, sync);
}

static void
sync_begin (Sync *sync)
{
  g_autofree char *sync_token = stored_sync_token (sync);

  g_clear_handle_id (&sync->timer, g_source_remove);
  activity_hold (sync->activity, ACTIVITY_WORK);
  sync->cancellable = g_cancellable_new ();
  sync->found = g_ptr_array_new_with_free_func ((GDestroyNotify)people_person_free);
  sync->pages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sync->full = sync_token == NULL || !book_is_listed (sync->book);
  start_listing (sync);
}

gboolean
sync_would_be_delta (Sync *sync)
{
  g_autofree char *sync_token = stored_sync_token (sync);

  return sync->cancellable != NULL ? !sync->full : sync_token != NULL && book_is_listed (sync->book);
}

/* cancellable ends the waiting, not the sync that others may wait for as well: it is short, and bounded by its
 * deadline. */
void
sync_now_async (Sync *sync, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  if (activity_refuse (sync->activity, task))
    return;
  if (sync->waiting == NULL)
    sync->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (sync->waiting, g_object_ref (task));
  if (sync->cancellable == NULL)
    sync_begin (sync);
}

gboolean
sync_now_finish (Sync *sync, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_list_cancelled (GCancellable *cancellable, gpointer data)
{
  Sync *sync = data;

  if (sync->cancellable != NULL)
    g_cancellable_cancel (sync->cancellable);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_task_get_cancellable (task) != NULL)
    g_signal_handlers_disconnect_by_func (g_task_get_cancellable (task), on_list_cancelled,
                                          g_task_get_task_data (task));
  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
sync_list_async (Sync *sync, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_task_data (task, sync, NULL);
  if (cancellable != NULL)
    g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_list_cancelled), sync);
  sync_now_async (sync, NULL, on_listed, task);
}

gboolean
sync_list_finish (Sync *sync, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_answered (gpointer data)
{
  Sync *sync = data;

  if (!sync->outage || sync->cancellable != NULL)
    return;
  sync->outage = FALSE;
  schedule (sync, 0);
}

static void
on_doubted (BookPerson *person, gpointer data)
{
  reconcile_doubt (data, person);
}

static const BookEvents events = { .answered = on_answered, .doubted = on_doubted };

Sync *
sync_new (Book *book, Photos *photos, PeopleClient *people, const SyncOptions *options)
{
  Sync *self = g_new0 (Sync, 1);
  g_autofree char *last_sync = NULL;

  self->book = book;
  self->photos = photos;
  self->people = people;
  self->store = book_store (book);
  self->activity = book_activity (book);
  self->options = *options;
  self->options.interval = MAX (options->interval, 1);
  self->options.image_helper = g_strdup (options->image_helper);
  self->image_helper = image_helper_new (self->options.image_helper);
  self->doubted = g_hash_table_new (NULL, NULL);
  last_sync = book_store_get (self->store, "last_sync");
  self->last_sync = last_sync != NULL ? g_ascii_strtoll (last_sync, NULL, 10) : 0;
  mutations_init (self);
  allowances_load (self);
  book_listen (book, &events, self);
  return self;
}

void
sync_free (Sync *self)
{
  g_assert (g_queue_is_empty (&self->mutations));
  sync_end (self);
  allowances_clear (self);
  book_unlisten (self->book, self);
  g_clear_pointer (&self->image_helper, image_helper_free);
  g_clear_pointer (&self->doubted, g_hash_table_unref);
  g_free (self->missing);
  g_free (self->doubt);
  g_free ((char *)self->options.image_helper);
  g_free (self);
}

void
sync_get_status (Sync *self, SyncStatus *status)
{
  *status = (SyncStatus){
    .last = self->last_sync,
    .next = self->next_sync,
    .doubt = self->doubt,
    .waiting = g_queue_get_length (&self->uploads) + g_queue_get_length (&self->mutations),
    .upload_timeout = self->options.upload_timeout,
  };
}

/* A book that was just listed waits for its interval; one that comes from the state folder is stale and asks at once.
 */
void
sync_start (Sync *sync)
{
  if (sync->timer == 0)
    schedule (sync, FIRST_SYNC_S);
}

void
sync_end (Sync *sync)
{
  g_clear_handle_id (&sync->timer, g_source_remove);
  if (sync->cancellable != NULL)
    g_cancellable_cancel (sync->cancellable);
}
