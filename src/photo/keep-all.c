/*
 * --keep-all: every photo is fetched before anybody wants it, so that all of them can be read without a network.
 *
 *   people whose photo may not be here ─→ is it here? ─┬─ yes ─────────────────────────────────→ next
 *                                                      └─ no ─→ fetched ─┬─ came, or never will ─→ next
 *                                                                        └─ failed for now ─→ again after the next sync
 *
 * Everybody is looked at when the mount begins, and whoever changes after that. It keeps out of the way: no more than a few
 * photos are on their way, none begins while that many others are, and the loop turns to it when it has nothing else to do.
 * It stops while the connection is metered, as NetworkManager tells; when something failed, until the next sync has come
 * through; and for good when the cache has no room left, since each photo would push out another one.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/orders.h"
#include "photo/internal.h"

#define AT_ONCE   4  /* photos on their way, whoever wants them */
#define EACH_TURN 64 /* people that are looked at in a turn of the loop */

struct KeepAll {
  Photos *photos;
  GQueue people;     /* of BookPerson, referenced: whose photo may not be here */
  GHashTable *begun; /* version → BookPerson, referenced: being fetched, whoever began it */
  guint idle;
  gboolean begins; /* not everybody has been looked at yet */
  gint64 bytes;    /* of the photos that were here when it began, and of those that it fetched */
  gboolean failed;
  gboolean full;
  GNetworkMonitor *monitor; /* NULL: not asked yet */
  GCancellable *cancellable;
};

static gboolean
is_metered (const KeepAll *self)
{
  return self->monitor == NULL || g_network_monitor_get_network_metered (self->monitor);
}

static gboolean
may_fetch (const KeepAll *self)
{
  return !is_metered (self) && !self->failed && !self->full && book_is_reachable (self->photos->book)
         && !activity_is_ending (self->photos->activity);
}

/* FALSE: it cannot go on with this person now. */
static gboolean
look_at (KeepAll *self, BookPerson *person)
{
  Photos *photos = self->photos;
  g_autofree char *version = book_person_photo_version (person);
  BookStorePhoto row;

  if (version == NULL || person->gone || person->name == NULL)
    return TRUE;
  if (cache_lookup (photos->cache, version, &row) && row.cached) {
    if (self->begins)
      self->bytes += row.size;
    return TRUE;
  }
  if (self->bytes + photos->fetch_held + 2 * photos->line.typical > photos->options.cache_bytes) {
    self->full = photos->fetch_runs == 0; /* what is on its way may turn out smaller */
    if (self->full)
      g_message ("the cache has no room for all photos; a larger --cache-size lets --keep-all go on");
    return FALSE;
  }
  g_hash_table_replace (self->begun, g_strdup (version), book_person_ref (person)); /* it may end at once */
  if (photos_prefetch (photos, person, FALSE) != PHOTOS_AHEAD_FULL)
    return TRUE; /* also when somebody else fetches it */
  g_hash_table_remove (self->begun, version);
  return FALSE;
}

static gboolean
on_idle (gpointer data)
{
  KeepAll *self = data;

  for (guint i = 0; i < EACH_TURN && may_fetch (self) && self->photos->fetch_runs < AT_ONCE; i++) {
    g_autoptr (BookPerson) person = g_queue_pop_head (&self->people);

    if (person == NULL) {
      self->begins = FALSE;
      break;
    }
    if (!look_at (self, person)) {
      g_queue_push_head (&self->people, g_steal_pointer (&person));
      break;
    }
    if (i == EACH_TURN - 1)
      return G_SOURCE_CONTINUE;
  }
  self->idle = 0;
  return G_SOURCE_REMOVE;
}

void
keep_all_go_on (KeepAll *self)
{
  if (self == NULL || self->idle != 0 || self->people.length == 0 || !may_fetch (self))
    return;
  self->idle = g_idle_add_full (G_PRIORITY_LOW, on_idle, self, NULL);
}

void
keep_all_ended (KeepAll *self, const char *version, const Photo *photo, const GError *error)
{
  g_autofree char *key = NULL;
  g_autoptr (BookPerson) person = NULL;

  if (self == NULL || !g_hash_table_steal_extended (self->begun, version, (gpointer *)&key, (gpointer *)&person))
    return;
  if (photo != NULL) {
    self->bytes += photo->size;
  } else if (!g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)
             && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_PERMISSION)
             && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER)) {
    self->failed = TRUE;
    g_queue_push_tail (&self->people, g_steal_pointer (&person));
  }
}

/* ---- what happens meanwhile ---- */

void
keep_all_look_at (KeepAll *self, BookPerson *person)
{
  if (self == NULL || person->photo_url == NULL)
    return;
  g_queue_push_tail (&self->people, book_person_ref (person));
  keep_all_go_on (self);
}

void
keep_all_synced (KeepAll *self)
{
  if (self == NULL)
    return;
  self->failed = FALSE;
  keep_all_go_on (self);
}

/* NetworkManager is asked on the bus, which may take its time. */
static void
find_monitor (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, g_object_ref (g_network_monitor_get_default ()), g_object_unref);
}

static void
on_monitor (GObject *source, GAsyncResult *result, gpointer data)
{
  KeepAll *self = data;
  GNetworkMonitor *monitor = g_task_propagate_pointer (G_TASK (result), NULL);

  if (monitor == NULL)
    return; /* cancelled: the mount has ended, and self is gone */
  self->monitor = monitor;
  g_signal_connect_swapped (monitor, "notify::network-metered", G_CALLBACK (keep_all_go_on), self);
  keep_all_go_on (self);
}

/* ---- begin and end ---- */

KeepAll *
keep_all_new (Photos *photos)
{
  KeepAll *self = g_new0 (KeepAll, 1);
  const GPtrArray *people = book_order (photos->book, BOOK_ORDER_LISTED);
  g_autoptr (GTask) task = NULL;

  self->photos = photos;
  self->begins = TRUE;
  self->begun = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)book_person_unref);
  self->cancellable = g_cancellable_new ();
  for (guint i = 0; i < people->len; i++)
    g_queue_push_tail (&self->people, book_person_ref (people->pdata[i]));
  task = g_task_new (NULL, self->cancellable, on_monitor, self);
  g_task_run_in_thread (task, find_monitor);
  return self;
}

void
keep_all_free (KeepAll *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_clear_handle_id (&self->idle, g_source_remove);
  if (self->monitor != NULL)
    g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_clear_object (&self->monitor);
  g_queue_clear_full (&self->people, (GDestroyNotify)book_person_unref);
  g_hash_table_unref (self->begun);
  g_free (self);
}

const char *
photos_keep_all_state (const Photos *photos, guint *left)
{
  const KeepAll *self = photos->keep_all;

  *left = self != NULL ? self->people.length + g_hash_table_size (self->begun) : 0;
  if (self == NULL)
    return NULL;
  if (*left == 0)
    return "done";
  if (self->full)
    return "the cache is full";
  if (self->failed || !book_is_reachable (photos->book))
    return "waits for the next sync";
  return self->monitor != NULL && is_metered (self) ? "waits: the connection is metered" : "fetching";
}
