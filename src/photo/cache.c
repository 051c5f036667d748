/*
 * Photos on disk by version: DIR/<first two digits>/<SHA-256 of the version>.
 *
 * The row is marked cached before the file gets its name, and a file goes before its row is marked absent: a kill in
 * between leaves a row without a file, which is noticed at the next open, never a file that nobody counts.
 *
 * New photos and uses are put aside, and stored many at a time: a transaction of its own is most of what each costs. Until
 * then a new photo's file keeps its temporary name. A kill forgets them: such a photo is fetched once more, and the order
 * of eviction is a little older.
 */
#define G_LOG_DOMAIN "contactfs"

#include "photo/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "photo/intact.h"

#define MAX_USES 512

#define SETTLE_MS     100 /* what is new is put aside for so long */
#define MAX_NEWCOMERS 64  /* their files are renamed on the loop */

struct Cache {
  BookStore *store; /* borrowed */
  char *dir;
  gint64 max_bytes;
  gint64 bytes;          /* of the rows marked cached */
  guint64 revision;      /* cache_revision */
  gint64 last_use;       /* the clock of uses: strictly rising, so that their order is total */
  GHashTable *uses;      /* version → gint64*, its last use; not in the store yet */
  GHashTable *newcomers; /* version → Newcomer*; not in the store yet */
  GHashTable *unstored;  /* version → BookStorePhoto*, never cached: rows that the store could not take */
  Intact *intact;
  gboolean cannot_write; /* and it was said */
  guint timer;           /* until what is put aside is stored */
};

/* A photo that is put aside. */
typedef struct {
  BookStorePhoto photo;
  char *path; /* the temporary one */
} Newcomer;

static void
newcomer_free (gpointer data)
{
  Newcomer *self = data;

  g_free (self->path);
  g_free (self);
}

static char *
path_of (Cache *self, const char *version)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, version, -1);

  return g_strdup_printf ("%s/%.2s/%s", self->dir, digest, digest);
}

static gint64
next_use (Cache *self)
{
  self->last_use = MAX (g_get_real_time (), self->last_use + 1);
  return self->last_use;
}

/* The cache goes on when the store cannot: such a photo is fetched each time, but its size must be known, or it would
 * read as an empty file. */
static void
keep_unstored (Cache *self, const char *version, const BookStorePhoto *photo)
{
  BookStorePhoto *row = g_memdup2 (photo, sizeof *photo);

  row->cached = FALSE;
  g_hash_table_replace (self->unstored, g_strdup (version), row);
}

/* For a photo that has no file here. */
static void
put_row (Cache *self, const char *version, const BookStorePhoto *photo)
{
  g_autoptr (GError) error = NULL;

  if (book_store_put_photo (self->store, version, photo, &error)) {
    g_hash_table_remove (self->unstored, version);
    return;
  }
  g_warning ("%s", error->message);
  keep_unstored (self, version, photo);
}

static gboolean
get_row (Cache *self, const char *version, BookStorePhoto *out)
{
  const Newcomer *newcomer = g_hash_table_lookup (self->newcomers, version);
  const BookStorePhoto *row = newcomer != NULL ? &newcomer->photo : g_hash_table_lookup (self->unstored, version);

  if (row == NULL)
    return book_store_get_photo (self->store, version, out);
  *out = *row;
  return TRUE;
}

static void
forget_bytes (Cache *self, const char *version, const BookStorePhoto *photo)
{
  BookStorePhoto absent = *photo;

  absent.cached = FALSE;
  self->bytes -= photo->size;
  put_row (self, version, &absent);
}

static void
say_that_it_cannot_write (Cache *self, int error_number)
{
  if (self->cannot_write)
    return;
  self->cannot_write = TRUE;
  g_warning ("photos cannot be kept in %s: %s; they are fetched each time they are read", self->dir,
             g_strerror (error_number));
}

/* ---- what is put aside ---- */

static gboolean
store_each (Cache *self, GError **error)
{
  GHashTableIter iter;
  gpointer version, value;

  g_hash_table_iter_init (&iter, self->newcomers);
  while (g_hash_table_iter_next (&iter, &version, &value))
    if (!book_store_put_photo (self->store, version, &((Newcomer *)value)->photo, error))
      return FALSE;
  g_hash_table_iter_init (&iter, self->uses);
  while (g_hash_table_iter_next (&iter, &version, &value))
    if (!book_store_touch_photo (self->store, version, *(gint64 *)value, error))
      return FALSE;
  return TRUE;
}

/* The row says "cached" by now. */
static void
give_name (Cache *self, const char *version, const Newcomer *newcomer)
{
  g_autofree char *path = path_of (self, version), *folder = g_path_get_dirname (path);
  int failed = g_rename (newcomer->path, path) == 0 ? 0 : errno;

  if (failed == ENOENT) /* it is the first one in that folder */
    failed = (g_mkdir (folder, 0700) == 0 || errno == EEXIST) && g_rename (newcomer->path, path) == 0 ? 0 : errno;
  if (failed == 0) {
    self->cannot_write = FALSE;
    intact_follow (self->intact, version, path);
    return;
  }
  say_that_it_cannot_write (self, failed);
  g_unlink (newcomer->path);
  forget_bytes (self, version, &newcomer->photo);
}

/* No file of it may stay. */
static void
give_up (Cache *self, const char *version, const Newcomer *newcomer)
{
  g_unlink (newcomer->path);
  self->bytes -= newcomer->photo.size;
  keep_unstored (self, version, &newcomer->photo);
}

void
cache_settle (Cache *self)
{
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer version, newcomer;
  gboolean stored;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (g_hash_table_size (self->newcomers) == 0 && g_hash_table_size (self->uses) == 0)
    return;
  stored
      = book_store_begin (self->store, &error) && store_each (self, &error) && book_store_commit (self->store, &error);
  if (!stored) {
    g_warning ("%s", error->message);
    book_store_rollback (self->store);
  }
  g_hash_table_remove_all (self->uses);
  g_hash_table_iter_init (&iter, self->newcomers);
  while (g_hash_table_iter_next (&iter, &version, &newcomer))
    if (stored)
      give_name (self, version, newcomer);
    else
      give_up (self, version, newcomer);
  g_hash_table_remove_all (self->newcomers);
}

static gboolean
on_timer (gpointer data)
{
  Cache *self = data;

  self->timer = 0;
  cache_settle (self);
  return G_SOURCE_REMOVE;
}

static void
note_use (Cache *self, const char *version)
{
  gint64 use = next_use (self);

  g_hash_table_replace (self->uses, g_strdup (version), g_memdup2 (&use, sizeof use));
  if (g_hash_table_size (self->uses) >= MAX_USES)
    cache_settle (self);
}

/* ---- eviction ---- */

typedef struct {
  Cache *cache;
  const char *keep;
  gint64 excess; /* bytes that still have to go */
  GPtrArray *versions;
} Eviction;

static gboolean
choose_victim (const char *version, const BookStorePhoto *photo, gpointer data)
{
  Eviction *eviction = data;

  if (eviction->excess <= 0)
    return FALSE;
  if (g_strcmp0 (version, eviction->keep) != 0 && !g_hash_table_contains (eviction->cache->unstored, version)) {
    g_ptr_array_add (eviction->versions, g_strdup (version));
    eviction->excess -= photo->size;
  }
  return TRUE;
}

/* Chosen first and dropped then: rows must not change under the statement that reads them. */
static void
evict (Cache *self, const char *keep)
{
  g_autoptr (GPtrArray) versions = g_ptr_array_new_with_free_func (g_free);
  Eviction eviction = { .cache = self, .keep = keep, .versions = versions };
  g_autoptr (GError) error = NULL;

  if (self->bytes <= self->max_bytes)
    return;
  cache_settle (self);
  eviction.excess = self->bytes - self->max_bytes;
  if (!book_store_each_cached_photo (self->store, choose_victim, &eviction, &error))
    g_warning ("%s", error->message);
  for (guint i = 0; i < versions->len; i++)
    cache_drop (self, versions->pdata[i]);
}

/* ---- opening ---- */

/* What a killed process was writing. */
static void
remove_temporaries (Cache *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_prefix (name, INCOMING_PREFIX)) {
      g_autofree char *path = g_build_filename (self->dir, name, NULL);

      g_unlink (path);
    }
}

/* The limit may be lower than last time, and then much has to go: in one transaction. */
static gboolean
evict_at_start (Cache *self, GError **error)
{
  if (self->bytes <= self->max_bytes)
    return TRUE;
  if (!book_store_begin (self->store, error))
    return FALSE;
  evict (self, NULL);
  return book_store_commit (self->store, error);
}

Cache *
cache_new (BookStore *store, const char *dir, gint64 max_bytes, GError **error)
{
  g_autoptr (Cache) self = g_new0 (Cache, 1);

  self->store = store;
  self->dir = g_strdup (dir);
  self->max_bytes = MAX (max_bytes, 0);
  self->revision = 1;
  self->uses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->newcomers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, newcomer_free);
  self->intact = intact_new ();
  self->unstored = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (g_mkdir_with_parents (dir, 0700) != 0) {
    int saved = errno;

    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "the folder for photos, %s, cannot be made: %s",
                 dir, g_strerror (saved));
    return NULL;
  }
  remove_temporaries (self);
  self->bytes = book_store_cached_bytes (store);
  if (!evict_at_start (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
cache_free (Cache *self)
{
  if (!self)
    return;
  cache_settle (self);
  g_clear_pointer (&self->uses, g_hash_table_unref);
  g_clear_pointer (&self->newcomers, g_hash_table_unref);
  g_clear_pointer (&self->unstored, g_hash_table_unref);
  g_clear_pointer (&self->intact, intact_free);
  g_free (self->dir);
  g_free (self);
}

/* ---- reading ---- */

gboolean
cache_lookup (Cache *self, const char *version, BookStorePhoto *out)
{
  return get_row (self, version, out);
}

guint64
cache_revision (const Cache *self)
{
  return self->revision;
}

gint64
cache_bytes (const Cache *self)
{
  return self->bytes;
}

/* Where its file is as yet. */
static char *
current_path (Cache *self, const char *version)
{
  const Newcomer *newcomer = g_hash_table_lookup (self->newcomers, version);

  return newcomer != NULL ? g_strdup (newcomer->path) : path_of (self, version);
}

/* photo: its row. */
static void
drop (Cache *self, const char *version, const BookStorePhoto *photo)
{
  g_autofree char *path = NULL;

  if (!photo->cached)
    return;
  path = current_path (self, version);
  g_hash_table_remove (self->newcomers, version);
  intact_forget (self->intact, version);
  if (g_unlink (path) != 0 && errno != ENOENT)
    g_info ("%s cannot be removed from the cache: %s", path, g_strerror (errno));
  forget_bytes (self, version, photo);
}

void
cache_drop (Cache *self, const char *version)
{
  BookStorePhoto photo;

  if (get_row (self, version, &photo))
    drop (self, version, &photo);
}

int
cache_open (Cache *self, const char *version, BookStorePhoto *photo, gboolean *is_intact)
{
  g_autofree char *path = NULL;
  struct stat st;
  int fd;

  if (!get_row (self, version, photo) || !photo->cached)
    return -1;
  path = current_path (self, version);
  fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0 && errno != ENOENT)
    g_info ("%s is in the cache but cannot be opened: %s", path, g_strerror (errno));
  if (fd >= 0 && (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode) || st.st_size != photo->size)) {
    g_info ("%s in the cache is not what was written there; it will be fetched again", path);
    close (fd);
    fd = -1;
  }
  if (fd < 0) {
    cache_drop (self, version);
    return -1;
  }
  *is_intact = intact_is (self->intact, version, &st);
  note_use (self, version);
  return fd;
}

char *
cache_path (Cache *self, const char *version)
{
  BookStorePhoto photo;

  return get_row (self, version, &photo) && photo.cached ? path_of (self, version) : NULL;
}

void
cache_note_intact (Cache *self, const char *version, int fd)
{
  intact_note (self->intact, version, fd);
}

/* ---- writing ---- */

Incoming *
cache_begin (Cache *self, GError **error)
{
  return incoming_new (self->dir, error);
}

/* The photo came before: its file goes, and what was known of it may not be so any more. */
static void
replace (Cache *self, const char *version, const BookStorePhoto *photo)
{
  BookStorePhoto old;

  if (!get_row (self, version, &old))
    return;
  if (old.size != photo->size || !g_str_equal (old.mime_type, photo->mime_type))
    self->revision++;
  drop (self, version, &old);
}

/* path: taken. */
static void
put_aside (Cache *self, const char *version, const BookStorePhoto *photo, char *path)
{
  Newcomer *newcomer = g_new0 (Newcomer, 1);

  newcomer->photo = *photo;
  newcomer->path = path;
  g_hash_table_replace (self->newcomers, g_strdup (version), newcomer);
  g_hash_table_remove (self->unstored, version);
  g_hash_table_remove (self->uses, version); /* older than this one */
  if (g_hash_table_size (self->newcomers) >= MAX_NEWCOMERS)
    cache_settle (self);
  else if (self->timer == 0)
    self->timer = g_timeout_add (SETTLE_MS, on_timer, self);
}

int
cache_take (Cache *self, const char *version, Incoming *owned, const char *mime_type, const char *sha256,
            GError **error)
{
  g_autoptr (Incoming) incoming = owned;
  BookStorePhoto photo = { .size = incoming->size, .last_use = next_use (self) };
  int fd = incoming_open (incoming, error);

  if (fd < 0)
    return -1;
  g_strlcpy (photo.mime_type, mime_type, sizeof photo.mime_type);
  g_strlcpy (photo.sha256, sha256 != NULL ? sha256 : "", sizeof photo.sha256);
  replace (self, version, &photo);
  if (incoming->why != 0)
    say_that_it_cannot_write (self, incoming->why);
  if (incoming->path == NULL || photo.size > self->max_bytes) { /* the descriptor is as good without a name */
    put_row (self, version, &photo);
    return fd;
  }
  photo.cached = TRUE;
  self->bytes += photo.size;
  put_aside (self, version, &photo, g_steal_pointer (&incoming->path));
  cache_note_intact (self, version, fd);
  evict (self, version);
  return fd;
}
