/*
 * Photos on disk by version: DIR/<first two digits>/<SHA-256 of the version>.
 *
 * The row is marked cached before the file gets its name, and a file goes before its row is marked absent: a kill in
 * between leaves a row without a file, which is noticed at the next open, never a file that nobody counts.
 *
 * Uses are put aside and written many at a time, a transaction for each open being most of what it costs. A kill forgets
 * them; it only makes the order of eviction a little older.
 */
#define G_LOG_DOMAIN "contactfs"

#include "photo/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_USES 512

struct Cache {
  BookStore *store; /* borrowed */
  char *dir;
  gint64 max_bytes;
  gint64 bytes;          /* of the rows marked cached */
  gint64 last_use;       /* the clock of uses: strictly rising, so that their order is total */
  GHashTable *uses;      /* version → gint64*, its last use; not in the store yet */
  GHashTable *unstored;  /* version → BookStorePhoto*, never cached: rows that the store could not take */
  GHashTable *intact;    /* version → Identity*: the file was seen to be what was fetched */
  gboolean cannot_write; /* and it was said */
};

/* Of a file's content, as far as the file system tells: whoever writes or renames it changes this. */
typedef struct {
  ino_t inode;
  struct timespec changed;
} Identity;

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

static gboolean
store_each_use (Cache *self, GError **error)
{
  GHashTableIter iter;
  gpointer version, use;

  g_hash_table_iter_init (&iter, self->uses);
  while (g_hash_table_iter_next (&iter, &version, &use))
    if (!book_store_touch_photo (self->store, version, *(gint64 *)use, error))
      return FALSE;
  return TRUE;
}

static void
store_uses (Cache *self)
{
  g_autoptr (GError) error = NULL;

  if (g_hash_table_size (self->uses) == 0)
    return;
  if (!book_store_begin (self->store, &error) || !store_each_use (self, &error)
      || !book_store_commit (self->store, &error)) {
    g_warning ("%s", error->message);
    book_store_rollback (self->store);
  }
  g_hash_table_remove_all (self->uses);
}

static void
note_use (Cache *self, const char *version)
{
  gint64 use = next_use (self);

  g_hash_table_replace (self->uses, g_strdup (version), g_memdup2 (&use, sizeof use));
  if (g_hash_table_size (self->uses) >= MAX_USES)
    store_uses (self);
}

/* The cache goes on when the store cannot: such a photo is fetched each time, but its size must be known, or it would
 * read as an empty file. FALSE: no file of it may stay. */
static gboolean
put_row (Cache *self, const char *version, const BookStorePhoto *photo)
{
  g_autoptr (GError) error = NULL;
  BookStorePhoto *row;

  if (book_store_put_photo (self->store, version, photo, &error)) {
    g_hash_table_remove (self->unstored, version);
    return TRUE;
  }
  g_warning ("%s", error->message);
  row = g_memdup2 (photo, sizeof *photo);
  row->cached = FALSE;
  g_hash_table_replace (self->unstored, g_strdup (version), row);
  return FALSE;
}

static gboolean
get_row (Cache *self, const char *version, BookStorePhoto *out)
{
  const BookStorePhoto *row = g_hash_table_lookup (self->unstored, version);

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
  Eviction eviction = { .cache = self, .keep = keep, .excess = self->bytes - self->max_bytes, .versions = versions };
  g_autoptr (GError) error = NULL;

  if (eviction.excess <= 0)
    return;
  store_uses (self);
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
  self->uses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->intact = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->unstored = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (g_mkdir_with_parents (dir, 0700) != 0) {
    int saved = errno;

    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "The folder for photos, %s, cannot be made: %s",
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
  if (self->uses != NULL)
    store_uses (self);
  g_clear_pointer (&self->uses, g_hash_table_unref);
  g_clear_pointer (&self->unstored, g_hash_table_unref);
  g_clear_pointer (&self->intact, g_hash_table_unref);
  g_free (self->dir);
  g_free (self);
}

/* ---- reading ---- */

gboolean
cache_lookup (Cache *self, const char *version, BookStorePhoto *out)
{
  return get_row (self, version, out);
}

int
cache_open (Cache *self, const char *version)
{
  g_autofree char *path = NULL;
  BookStorePhoto photo;
  struct stat st;
  int fd;

  if (!get_row (self, version, &photo) || !photo.cached)
    return -1;
  path = path_of (self, version);
  fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0 && errno != ENOENT)
    g_info ("%s is in the cache but cannot be opened: %s", path, g_strerror (errno));
  if (fd >= 0 && (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode) || st.st_size != photo.size)) {
    g_info ("%s in the cache is not what was written there; it will be fetched again", path);
    close (fd);
    fd = -1;
  }
  if (fd < 0) {
    cache_drop (self, version);
    return -1;
  }
  note_use (self, version);
  return fd;
}

static gboolean
identify (int fd, Identity *identity)
{
  struct stat st;

  if (fstat (fd, &st) != 0)
    return FALSE;
  *identity = (Identity){ st.st_ino, st.st_ctim };
  return TRUE;
}

gboolean
cache_is_intact (Cache *self, const char *version, int fd)
{
  const Identity *known = g_hash_table_lookup (self->intact, version);
  Identity now;

  return known != NULL && identify (fd, &now) && now.inode == known->inode
         && now.changed.tv_sec == known->changed.tv_sec && now.changed.tv_nsec == known->changed.tv_nsec;
}

void
cache_note_intact (Cache *self, const char *version, int fd)
{
  Identity identity;

  if (identify (fd, &identity))
    g_hash_table_replace (self->intact, g_strdup (version), g_memdup2 (&identity, sizeof identity));
}

/* ---- writing ---- */

static void
say_that_it_cannot_write (Cache *self, int error_number)
{
  if (self->cannot_write)
    return;
  self->cannot_write = TRUE;
  g_warning ("Photos cannot be kept in %s: %s. They will be fetched each time they are read.", self->dir,
             g_strerror (error_number));
}

/* Puts the temporary in its place. The row says "cached" by now. */
static gboolean
give_name (Cache *self, const char *temporary, const char *version)
{
  g_autofree char *path = path_of (self, version), *folder = g_path_get_dirname (path);

  return (g_mkdir (folder, 0700) == 0 || errno == EEXIST) && g_rename (temporary, path) == 0;
}

Incoming *
cache_begin (Cache *self, GError **error)
{
  return incoming_new (self->dir, error);
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
  cache_drop (self, version);
  if (incoming->why != 0)
    say_that_it_cannot_write (self, incoming->why);
  if (incoming->path == NULL || photo.size > self->max_bytes) { /* the descriptor is as good without a name */
    put_row (self, version, &photo);
    return fd;
  }
  photo.cached = TRUE;
  self->bytes += photo.size;
  g_hash_table_remove (self->uses, version); /* older than this one */
  if (!put_row (self, version, &photo)) {
    self->bytes -= photo.size;
  } else if (give_name (self, incoming->path, version)) {
    self->cannot_write = FALSE;
    cache_note_intact (self, version, fd);
    g_clear_pointer (&incoming->path, g_free); /* it has another now */
  } else {
    say_that_it_cannot_write (self, errno);
    forget_bytes (self, version, &photo);
  }
  evict (self, version);
  return fd;
}

void
cache_drop (Cache *self, const char *version)
{
  g_autofree char *path = NULL;
  BookStorePhoto photo;

  if (!get_row (self, version, &photo) || !photo.cached)
    return;
  path = path_of (self, version);
  g_hash_table_remove (self->intact, version);
  if (g_unlink (path) != 0 && errno != ENOENT)
    g_info ("%s cannot be removed from the cache: %s", path, g_strerror (errno));
  forget_bytes (self, version, &photo);
}
