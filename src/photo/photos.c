/* Photos: what they are together, and what is known of a version and in the cache of it. */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "book/events.h"
#include "photo/hash.h"
#include "photo/internal.h"

/* To hash more would hold up the loop for longer than a millisecond or two: that is done on a worker. */
#define CHECK_AT_ONCE (256 * 1024)

static void
on_resource_renamed (const char *from, const char *to, gpointer data)
{
  archive_rename (((Photos *)data)->archive, from, to);
}

static void
on_person_changed (BookPerson *person, gboolean elsewhere, gpointer data)
{
  keep_all_look_at (((Photos *)data)->keep_all, person);
}

static void
on_up_to_date (gpointer data)
{
  keep_all_synced (((Photos *)data)->keep_all);
}

static const BookEvents events
    = { .resource_renamed = on_resource_renamed, .person_changed = on_person_changed, .up_to_date = on_up_to_date };

Photos *
photos_new (Book *book, PeopleClient *people, HttpClient *http, const PhotosOptions *options, GError **error)
{
  g_autoptr (Photos) self = g_new0 (Photos, 1);

  self->book = book;
  self->people = people;
  self->http = http;
  self->options = *options;
  self->options.cache_dir = g_strdup (options->cache_dir);
  self->options.data_dir = g_strdup (options->data_dir);
  self->store = book_store (book);
  self->activity = book_activity (book);
  fetches_init (self);
  self->undelivered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->archive = archive_new (self->options.data_dir);
  book_listen (book, &events, self);
  self->cache = cache_new (self->store, self->options.cache_dir, self->options.cache_bytes, error);
  if (self->cache == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

void
photos_start (Photos *self)
{
  if (self->options.keep_all)
    self->keep_all = keep_all_new (self);
}

void
photos_free (Photos *self)
{
  g_clear_pointer (&self->keep_all, keep_all_free);
  book_unlisten (self->book, self);
  g_clear_pointer (&self->fetches, g_hash_table_unref);
  g_clear_pointer (&self->undelivered, g_hash_table_unref);
  g_clear_pointer (&self->archive, archive_free);
  g_clear_pointer (&self->cache, cache_free);
  g_free ((char *)self->options.cache_dir);
  g_free ((char *)self->options.data_dir);
  g_free (self);
}

Archive *
photos_archive (Photos *self)
{
  return self->archive;
}

gboolean
photos_set_archive_aside (Photos *self, GError **error)
{
  g_autofree char *aside = NULL;

  if (!archive_set_aside (self->archive, &aside, error))
    return FALSE;
  if (aside != NULL)
    g_message ("the account “%s” is not the address book that it was: what was kept in .previous and .rejected is in "
               "%s now",
               book_account (self->book), aside);
  return TRUE;
}

const char *
photos_cache_dir (const Photos *self)
{
  return self->options.cache_dir;
}

gint64
photos_cache_bytes (const Photos *self)
{
  return cache_bytes (self->cache);
}

gint64
photos_cache_limit (const Photos *self)
{
  return self->options.cache_bytes;
}

guint
photos_timeout (const Photos *self)
{
  return self->options.timeout;
}

gboolean
photos_lookup (Photos *photos, const char *version, BookStorePhoto *row)
{
  return cache_lookup (photos->cache, version, row);
}

guint64
photos_revision (const Photos *self)
{
  return cache_revision (self->cache);
}

char *
photos_cached_path (Photos *photos, const char *version)
{
  return cache_path (photos->cache, version);
}

void
photos_note_cache_changed (Photos *photos)
{
  if (photos->options.cache_changed != NULL)
    photos->options.cache_changed (photos->options.cache_data);
}

void
photos_drop (Photos *photos, const char *version)
{
  cache_drop (photos->cache, version);
  photos_note_cache_changed (photos);
}

/* ---- a photo ---- */

void
photo_free (Photo *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->version);
  g_free (self);
}

Photo *
photo_new (const char *version, int fd, gint64 size, const char *mime_type, const char *sha256)
{
  Photo *photo = g_new0 (Photo, 1);

  photo->fd = fd;
  photo->size = size;
  photo->version = g_strdup (version);
  g_strlcpy (photo->mime_type, mime_type, sizeof photo->mime_type);
  g_strlcpy (photo->sha256, sha256, sizeof photo->sha256);
  return photo;
}

GBytes *
photo_read (const Photo *self, GError **error)
{
  gsize size = (gsize)self->size, done = 0;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *sha256 = NULL;
  char *data = g_malloc (size);
  gssize n = 1;

  while (done < size && n > 0) {
    n = TEMP_FAILURE_RETRY (pread (self->fd, data + done, size - done, (goffset)done));
    done += n > 0 ? (gsize)n : 0;
  }
  if (n < 0)
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_IO, "the photo on the disk could not be read: %s", g_strerror (errno));
  bytes = g_bytes_new_take (data, size);
  if (n < 0)
    return NULL;
  if (done == size && self->sha256[0] != '\0')
    sha256 = hash_bytes (bytes);
  if (done == size && (sha256 == NULL || g_str_equal (sha256, self->sha256)))
    return g_steal_pointer (&bytes);
  g_set_error_literal (error, BOOK_ERROR, BOOK_ERROR_IO, PHOTO_DAMAGED);
  return NULL;
}

Photo *
photo_share (const Photo *photo, GError **error)
{
  int fd = fcntl (photo->fd, F_DUPFD_CLOEXEC, 0);

  if (fd < 0) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_NO_SPACE, "the photo cannot be opened: %s", g_strerror (errno));
    return NULL;
  }
  return photo_new (photo->version, fd, photo->size, photo->mime_type, photo->sha256);
}

Photo *
photos_open_cached (Photos *photos, const char *version, gboolean *is_intact)
{
  BookStorePhoto row;
  int fd = cache_open (photos->cache, version, &row, is_intact);

  return fd >= 0 ? photo_new (version, fd, row.size, row.mime_type, row.sha256) : NULL;
}

gboolean
photos_settle_check (Photos *photos, const Photo *photo, GError *error)
{
  if (error == NULL) {
    cache_note_intact (photos->cache, photo->version, photo->fd);
    return TRUE;
  }
  g_message ("a photo is fetched anew: %s", error->message);
  photos_drop (photos, photo->version);
  return FALSE;
}

gboolean
photos_check_at_once (Photos *photos, Photo **photo, gboolean is_intact)
{
  g_autoptr (GBytes) bytes G_GNUC_UNUSED = NULL;
  g_autoptr (GError) error = NULL;

  if (is_intact)
    return TRUE;
  if ((*photo)->size > CHECK_AT_ONCE)
    return FALSE;
  bytes = photo_read (*photo, &error);
  if (photos_settle_check (photos, *photo, error))
    return TRUE;
  g_clear_pointer (photo, photo_free);
  return FALSE;
}

Photo *
photos_cached (Photos *photos, const char *version)
{
  gboolean is_intact;
  g_autoptr (Photo) photo = photos_open_cached (photos, version, &is_intact);

  return photo != NULL && photos_check_at_once (photos, &photo, is_intact) ? g_steal_pointer (&photo) : NULL;
}

gboolean
photos_is_present (Photos *photos, const BookPerson *person, const char *sha256)
{
  g_autofree char *version = book_person_photo_version (person);
  BookStorePhoto row;

  if (version == NULL || person->unconfirmed != NULL)
    return FALSE;
  return (cache_lookup (photos->cache, version, &row) && g_str_equal (row.sha256, sha256))
         || book_store_was_sent (photos->store, person->resource_name, version, sha256);
}

char *
photos_sent (Photos *photos, const BookPerson *person)
{
  g_autofree char *version = book_person_photo_version (person);

  if (version == NULL || person->unconfirmed != NULL)
    return NULL;
  return book_store_get_sent (photos->store, person->resource_name, version);
}

void
photos_note_uploaded (Photos *photos, const BookPerson *person, const char *sha256)
{
  g_autofree char *version = book_person_photo_version (person);
  g_autoptr (GError) error = NULL;

  if (version != NULL && !book_store_put_sent (photos->store, person->resource_name, version, sha256, &error))
    g_warning ("what was sent for %s could not be noted: %s", person->name, error->message);
}
