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

#include "book/internal.h"

#define RETRY_MIN_S   5
#define DOUBT_S       30                  /* after a listing that may not be the whole */
#define MAX_PAGES     1000                /* at Google 25 of 1,000 people are all that there can be */
#define MAX_BYTES     (256 * 1024 * 1024) /* of all its pages, read; 25,000 people are a fifth of that */
#define RETRY_LOGIN_S 60
#define FIRST_SYNC_S  1 /* after the mount: the first ls has the machine and the wire to itself */

static void list_page (Book *book, const char *page_token);

static char *
stored_sync_token (Book *book)
{
  g_autofree char *fields = book_store_get (book->store, "person_fields");

  return g_strcmp0 (fields, PEOPLE_PERSON_FIELDS) == 0 ? book_store_get (book->store, "sync_token") : NULL;
}

static void
keep (Book *book, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;

  if (!book_store_set (book->store, key, value, &error))
    g_warning ("%s could not be kept: %s", key, error->message);
}

static gboolean
on_sync_timer (gpointer data)
{
  Book *book = data;

  book->sync_timer = 0;
  book_sync_now_async (book, NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
schedule (Book *book, guint seconds)
{
  g_clear_handle_id (&book->sync_timer, g_source_remove);
  if (activity_is_ending (book->activity))
    return;
  book->next_sync = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  book->sync_timer = g_timeout_add_seconds (seconds, on_sync_timer, book);
}

/* Soon after a failure, then less and less often, but never less often than without one. A dead login is replaced by
 * somebody who sits there and waits to see it work; until then nothing is sent. */
static guint
retry_seconds (Book *book, const GError *error)
{
  guint most = book->options.sync_interval;

  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_QUOTA))
    return MAX ((guint)(people_pause_left (book->people, PEOPLE_LISTINGS, NULL) / G_TIME_SPAN_SECOND) + 1, most);
  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH))
    most = MIN (most, RETRY_LOGIN_S);
  return MIN ((guint)RETRY_MIN_S << MIN (book->sync_failures, 10), most);
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
next_seconds (Book *book)
{
  guint most = book->options.sync_interval;

  return book->sync_doubts > 0 ? MIN ((guint)DOUBT_S << MIN (book->sync_doubts - 1, 10), most) : most;
}

/* error: transfer full, or NULL. */
static void
sync_done (Book *book, GError *error)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&book->sync_waiting);

  g_clear_object (&book->sync_cancellable);
  g_clear_pointer (&book->sync_people, g_ptr_array_unref);
  g_clear_pointer (&book->sync_pages, g_hash_table_unref);
  book->sync_outage = is_outage (error);
  if (error == NULL) {
    book->sync_failures = 0;
    schedule (book, next_seconds (book));
  } else {
    if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      g_autofree char *sentence
          = g_strdup_printf ("the address book could not be brought up to date: %s", error->message);

      book_log_failure (NULL, error, sentence);
      book_keep_last_error (book, error->message);
    }
    schedule (book, retry_seconds (book, error));
    book->sync_failures++;
  }
  for (guint i = 0; waiting != NULL && i < waiting->len; i++) {
    if (error != NULL)
      g_task_return_error (waiting->pdata[i], g_error_copy (error));
    else
      g_task_return_boolean (waiting->pdata[i], TRUE);
  }
  g_clear_error (&error);
  activity_release (book->activity, ACTIVITY_WORK);
}

static void
apply_pages (Book *book, const char *sync_token)
{
  g_autoptr (GPtrArray) people = g_steal_pointer (&book->sync_people);
  gboolean whole = book->sync_full && book_listing_is_whole (book, people, sync_token);
  g_autofree char *now = NULL;
  GError *error = NULL;

  if (book->sync_ignored > 0)
    g_message ("the service listed %" G_GUINT64_FORMAT " people without a resource name that could be one: passed over",
               book->sync_ignored);
  if (!book_people_apply (book, people, whole ? BOOK_APPLY_ALL : BOOK_APPLY_DELTA, &error)) {
    sync_done (book, error);
    return;
  }
  book->last_sync = g_get_real_time () / G_USEC_PER_SEC;
  book->news_came = g_get_monotonic_time ();
  now = g_strdup_printf ("%" G_GINT64_FORMAT, book->last_sync);
  if (book->sync_full && !whole) {
    keep (book, "sync_token", NULL);
  } else if (sync_token != NULL) { /* else the old one is still good for the next delta */
    keep (book, "sync_token", sync_token);
    keep (book, "person_fields", PEOPLE_PERSON_FIELDS);
  }
  keep (book, "last_sync", now);
  g_debug ("%u people in the %s", people->len, book->sync_full ? "listing" : "delta");
  if (book->sync_full) {
    g_clear_pointer (&people, g_ptr_array_unref);
    malloc_trim (0); /* a large listing leaves the heap full of holes that nothing will need again */
  }
  book_note_up_to_date (book);
  sync_done (book, NULL);
}

/* From the first page on. */
static void
start_listing (Book *book)
{
  g_ptr_array_set_size (book->sync_people, 0);
  g_hash_table_remove_all (book->sync_pages);
  book->sync_total = 0;
  book->sync_size = 0;
  book->sync_ignored = 0;
  list_page (book, NULL);
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  Book *book = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePage) page = people_list_finish (book->people, result, &error);

  book_note_outcome (book, error);
  if (page == NULL && g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SYNC_TOKEN) && !book->sync_full) {
    g_message ("the sync token is no longer valid; listing everybody again");
    keep (book, "sync_token", NULL);
    book->sync_full = TRUE;
    start_listing (book);
    return;
  }
  if (page == NULL) {
    sync_done (book, g_steal_pointer (&error));
    return;
  }
  book->sync_total = MAX (book->sync_total, page->total);
  book->sync_size += page->size;
  book->sync_ignored += page->ignored;
  g_ptr_array_extend_and_steal (book->sync_people, g_steal_pointer (&page->people));
  if (page->next_page_token == NULL)
    apply_pages (book, page->next_sync_token);
  else if (g_hash_table_size (book->sync_pages) + 1 >= MAX_PAGES)
    sync_done (book, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                                  "The listing has no end: after %d pages the service names one more", MAX_PAGES));
  else if (book->sync_size > MAX_BYTES)
    sync_done (book, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                                  "The listing is larger than an address book can be: %" G_GUINT64_FORMAT
                                  " bytes, and the service names one more page",
                                  book->sync_size));
  else if (g_hash_table_add (book->sync_pages, g_strdup (page->next_page_token)))
    list_page (book, page->next_page_token);
  else /* round and round, for ever */
    sync_done (book, g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                                          "The service names the same page of the listing as the next one twice"));
}

static void
list_page (Book *book, const char *page_token)
{
  g_autofree char *sync_token = book->sync_full ? NULL : stored_sync_token (book);

  people_list_async (book->people, sync_token, page_token,
                     g_get_monotonic_time () + book->options.timeout * G_TIME_SPAN_SECOND, book->sync_cancellable,
                     on_page, book);
}

static void
sync_begin (Book *book)
{
  g_autofree char *sync_token = stored_sync_token (book);

  g_clear_handle_id (&book->sync_timer, g_source_remove);
  activity_hold (book->activity, ACTIVITY_WORK);
  book->sync_cancellable = g_cancellable_new ();
  book->sync_people = g_ptr_array_new_with_free_func ((GDestroyNotify)people_person_free);
  book->sync_pages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  book->sync_full = sync_token == NULL || !book->listed;
  start_listing (book);
}

gboolean
book_sync_would_be_delta (Book *book)
{
  g_autofree char *sync_token = stored_sync_token (book);

  return book->sync_cancellable != NULL ? !book->sync_full : sync_token != NULL && book->listed;
}

/* cancellable ends the waiting, not the sync that others may wait for as well: it is short, and bounded by its
 * deadline. */
void
book_sync_now_async (Book *book, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  if (activity_refuse (book->activity, task))
    return;
  if (book->sync_waiting == NULL)
    book->sync_waiting = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (book->sync_waiting, g_object_ref (task));
  if (book->sync_cancellable == NULL)
    sync_begin (book);
}

gboolean
book_sync_now_finish (Book *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_list_cancelled (GCancellable *cancellable, gpointer data)
{
  Book *book = data;

  if (book->sync_cancellable != NULL)
    g_cancellable_cancel (book->sync_cancellable);
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
book_list_async (Book *book, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_task_data (task, book, NULL);
  if (cancellable != NULL)
    g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_list_cancelled), book);
  book_sync_now_async (book, NULL, on_listed, task);
}

gboolean
book_list_finish (Book *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_answered (gpointer data)
{
  Book *book = data;

  if (!book->sync_outage || book->sync_cancellable != NULL)
    return;
  book->sync_outage = FALSE;
  schedule (book, 0);
}

static void
on_doubted (BookPerson *person, gpointer data)
{
  book_ask_for_truth (data, person);
}

static const BookEvents events = { .answered = on_answered, .doubted = on_doubted };

void
book_sync_init (Book *book)
{
  book_listen (book, &events, book);
}

/* A book that was just listed waits for its interval; one that comes from the state folder is stale and asks at once.
 */
void
book_sync_start (Book *book)
{
  if (book->sync_timer == 0)
    schedule (book, FIRST_SYNC_S);
}

void
book_sync_clear (Book *book)
{
  g_clear_handle_id (&book->sync_timer, g_source_remove);
  if (book->sync_cancellable != NULL)
    g_cancellable_cancel (book->sync_cancellable);
}
