/*
 * Pictures that must not be lost, as plain files. Whoever changes the folders holds the lock, across fsync too: adds
 * are rare (the service takes less than one photo a second), and so what is no finished file under the lock was left by
 * a process that died.
 */
#define G_LOG_DOMAIN "contactfs"

#include "photo/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "photo/archive-name.h"

/* In front of a name that a picture had before it was replaced once more: another link to the file, which is not listed. */
#define EARLIER             "was-"
#define ARCHIVE_MAX_EARLIER 100

struct Archive {
  char *dir;
  GMutex changing;
  GHashTable *moved; /* resource name → the one that the person has since; under the lock */
};

Archive *
archive_new (const char *dir)
{
  Archive *self = g_new0 (Archive, 1);

  self->dir = g_strdup (dir);
  self->moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_mutex_init (&self->changing);
  return self;
}

void
archive_free (Archive *self)
{
  if (!self)
    return;
  g_mutex_clear (&self->changing);
  g_hash_table_unref (self->moved);
  g_free (self->dir);
  g_free (self);
}

/* ---- folders ---- */

/* DIR/c123 for people/c123. Whatever the service sends stays one component inside DIR: '/' is escaped, and '.' where it
 * could mean this folder or the one above. */
static char *
person_folder (Archive *self, const char *resource_name)
{
  const char *id = g_str_has_prefix (resource_name, "people/") ? resource_name + strlen ("people/") : resource_name;
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  gsize dots = strspn (escaped, ".");
  g_autoptr (GString) name = g_string_new (NULL);

  for (gsize i = 0; i < dots; i++)
    g_string_append (name, "%2E");
  g_string_append (name, escaped + dots);
  if (name->len == 0)
    g_string_append_c (name, '%'); /* what no escaping yields */
  return g_build_filename (self->dir, name->str, NULL);
}

static const char *
kind_folder (ArchiveKind kind)
{
  return kind == ARCHIVE_PREVIOUS ? "previous" : "rejected";
}

static char *
folder_of (Archive *self, ArchiveKind kind, const char *resource_name)
{
  g_autofree char *person = person_folder (self, resource_name);

  return g_build_filename (person, kind_folder (kind), NULL);
}

static gboolean
fail (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "%s cannot be written: %s", path,
               g_strerror (saved));
  return FALSE;
}

/* A name is safe only when the folder that holds it is on disk. */
static gboolean
sync_folder (const char *path, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gboolean good = fd >= 0 && fsync (fd) == 0;

  if (!good)
    fail (error, path);
  if (fd >= 0)
    close (fd);
  return good;
}

/* mkdir -p, durable from the first folder that was missing. */
static gboolean
make_folder (const char *path, GError **error)
{
  g_autofree char *parent = NULL;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;
  parent = g_path_get_dirname (path);
  if (!g_str_equal (parent, path) && !make_folder (parent, error))
    return FALSE;
  if (g_mkdir (path, 0700) != 0 && errno != EEXIST)
    return fail (error, path);
  return sync_folder (parent, error);
}

gboolean
archive_set_aside (Archive *self, char **aside, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%dT%H%M%S.%f");
  g_autofree char *path = g_strdup_printf ("%s~%s", self->dir, time); /* no account is called so */
  g_autofree char *parent = g_path_get_dirname (self->dir);

  *aside = NULL;
  if (g_rmdir (self->dir) == 0 || errno == ENOENT)
    return TRUE;
  if (g_rename (self->dir, path) != 0)
    return fail (error, path);
  *aside = g_steal_pointer (&path);
  return sync_folder (parent, error);
}

/* ---- changes: with the lock ---- */

static void
remove_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (g_unlink (path) != 0 && errno != ENOENT)
    g_info ("%s cannot be removed: %s", path, g_strerror (errno));
}

static void
prune (const char *folder)
{
  g_autoptr (GPtrArray) names = archive_names_list (folder, "");

  for (guint i = 0; i + ARCHIVE_MAX < names->len; i++)
    remove_file (folder, names->pdata[i]);
}

/* Which of names is that of the file with this name; NULL: none. */
static const char *
find_file (const char *folder, const GPtrArray *names, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  GStatBuf wanted, found;

  if (g_stat (path, &wanted) != 0)
    return NULL;
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *other = g_build_filename (folder, names->pdata[i], NULL);

    if (g_stat (other, &found) == 0 && found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev)
      return names->pdata[i];
  }
  return NULL;
}

/* Earlier names of pictures that are gone, and the oldest of too many. */
static void
prune_earlier (const char *folder)
{
  g_autoptr (GPtrArray) names = archive_names_list (folder, ""), earlier = archive_names_list (folder, EARLIER);

  for (guint i = 0; i < earlier->len; i++)
    if (i + ARCHIVE_MAX_EARLIER < earlier->len || find_file (folder, names, earlier->pdata[i]) == NULL)
      remove_file (folder, earlier->pdata[i]);
}

/* GLib writes NAME under NAME.XXXXXX first. */
static gboolean
is_temporary (const char *name)
{
  const char *dot = strrchr (name, '.');
  g_autofree char *stem = dot ? g_strndup (name, (gsize)(dot - name)) : NULL;

  return dot && strlen (dot) == 7 && archive_name_time (stem) >= 0;
}

static void
remove_temporaries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (is_temporary (name))
      remove_file (folder, name);
}

static gboolean
is_content (const char *folder, const char *name, GBytes *bytes)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *content = NULL;
  gsize size = g_bytes_get_size (bytes), length;
  GStatBuf st;

  return g_stat (path, &st) == 0 && (gsize)st.st_size == size && g_file_get_contents (path, &content, &length, NULL)
         && length == size && memcmp (content, g_bytes_get_data (bytes, NULL), size) == 0;
}

/* Which of names has that content; NULL: none. */
static const char *
find_content (const char *folder, const GPtrArray *names, GBytes *bytes)
{
  for (guint i = 0; i < names->len; i++)
    if (is_content (folder, names->pdata[i], bytes))
      return names->pdata[i];
  return NULL;
}

static gboolean
rename_file (const char *folder, const char *name, const char *new_name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *new_path = g_build_filename (folder, new_name, NULL);

  if (g_rename (path, new_path) != 0)
    return fail (error, new_path);
  return sync_folder (folder, error);
}

static gboolean
write_file (const char *folder, const char *name, GBytes *bytes, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  /* GLib does not look whether the folder came to the disk. */
  return g_file_set_contents_full (path, data, (gssize)size,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error)
         && sync_folder (folder, error);
}

/* Where the disk knows no links, it is only not known later that the picture was there before. */
static void
keep_earlier_name (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *kept = g_strconcat (folder, "/" EARLIER, name, NULL);

  if (link (path, kept) != 0)
    g_debug ("%s cannot be linked: %s", kept, g_strerror (errno));
}

/* What is there already becomes the newest, with the time of now. Its name, transfer full; NULL: it is not there, or it
 * cannot be renamed. */
static char *
renew (const char *folder, ArchiveKind kind, GBytes *bytes)
{
  g_autoptr (GPtrArray) names = archive_names_list (folder, "");
  g_autofree char *name = archive_name_next (folder, bytes);
  const char *before = find_content (folder, names, bytes);

  if (before == NULL)
    return NULL;
  if (kind == ARCHIVE_PREVIOUS)
    keep_earlier_name (folder, before);
  if (!rename_file (folder, before, name, NULL))
    return NULL;
  prune_earlier (folder);
  return g_steal_pointer (&name);
}

static char *
add (const char *folder, GBytes *bytes, GError **error)
{
  g_autofree char *name = archive_name_next (folder, bytes);

  if (!write_file (folder, name, bytes, error))
    return NULL;
  prune (folder);
  prune_earlier (folder);
  return g_steal_pointer (&name);
}

/* A worker may come late: the person may have been renamed since it was told to add. */
static const char *
present_name (Archive *self, const char *resource_name)
{
  const char *next;

  while ((next = g_hash_table_lookup (self->moved, resource_name)) != NULL)
    resource_name = next;
  return resource_name;
}

char *
archive_add (Archive *self, ArchiveKind kind, const char *resource_name, GBytes *bytes, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->changing);
  g_autofree char *folder = folder_of (self, kind, present_name (self, resource_name));
  char *name;

  if (g_bytes_get_size (bytes) == 0) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "there is no picture to keep: it has no bytes");
    return NULL;
  }
  if (!make_folder (folder, error))
    return NULL;
  remove_temporaries (folder);
  name = renew (folder, kind, bytes);
  return name != NULL ? name : add (folder, bytes, error);
}

gboolean
archive_has (Archive *self, ArchiveKind kind, const char *resource_name, GBytes *bytes)
{
  g_autofree char *folder = folder_of (self, kind, resource_name);
  g_autoptr (GPtrArray) names = archive_names_list (folder, "");

  return find_content (folder, names, bytes) != NULL;
}

char *
archive_add_unsent (Archive *self, const char *resource_name, GBytes *bytes, GError **error)
{
  if (archive_has (self, ARCHIVE_PREVIOUS, resource_name, bytes)
      || archive_has (self, ARCHIVE_REJECTED, resource_name, bytes))
    return NULL;
  return archive_add (self, ARCHIVE_REJECTED, resource_name, bytes, error);
}

void
archive_remove (Archive *self, ArchiveKind kind, const char *resource_name, const char *name)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->changing);
  g_autofree char *folder = folder_of (self, kind, present_name (self, resource_name));

  remove_file (folder, name);
}

/* ---- reading ---- */

GPtrArray *
archive_list (Archive *self, ArchiveKind kind, const char *resource_name)
{
  g_autofree char *folder = folder_of (self, kind, resource_name);

  return archive_names_list (folder, "");
}

char *
archive_earlier (Archive *self, ArchiveKind kind, const char *resource_name)
{
  g_autofree char *folder = folder_of (self, kind, resource_name);
  g_autoptr (GPtrArray) names = archive_names_list (folder, ""), earlier = archive_names_list (folder, EARLIER);
  GString *lines = g_string_new (NULL);

  for (guint i = 0; i < earlier->len; i++) {
    const char *name = earlier->pdata[i], *now = find_file (folder, names, name);

    if (now != NULL)
      g_string_append_printf (lines, "%s%s %s", lines->len > 0 ? "\n" : "", name + strlen (EARLIER), now);
  }
  return g_string_free (lines, lines->len == 0);
}

int
archive_open (Archive *self, ArchiveKind kind, const char *resource_name, const char *name)
{
  g_autofree char *folder = folder_of (self, kind, resource_name), *path = NULL;

  if (archive_name_time (name) < 0)
    return -1;
  path = g_build_filename (folder, name, NULL);
  return g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
}

/* ---- renaming ---- */

static void
move_file (const char *from_folder, const char *name, const char *to_folder, const char *to_name)
{
  g_autofree char *from = g_build_filename (from_folder, name, NULL), *to = g_build_filename (to_folder, to_name, NULL);

  if (g_rename (from, to) != 0)
    g_warning ("%s cannot be moved to %s: %s", from, to, g_strerror (errno));
}

/* Two pictures of the same microsecond both stay: the one that comes takes the next free time. */
static void
merge_folders (const char *from, const char *to)
{
  g_autoptr (GPtrArray) names = archive_names_list (from, "");

  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    gint64 time = archive_name_time (name);
    g_autofree char *free_name = g_strdup (name), *path = g_build_filename (to, name, NULL);

    while (g_file_test (path, G_FILE_TEST_EXISTS)) {
      g_free (free_name);
      g_free (path);
      free_name = archive_name_of (++time, strrchr (name, '.'));
      path = g_build_filename (to, free_name, NULL);
    }
    move_file (from, name, to, free_name);
  }
  prune (to);
}

/* Two with the same name are of the same microsecond: one of them is enough. */
static void
merge_earlier (const char *from, const char *to)
{
  g_autoptr (GPtrArray) earlier = archive_names_list (from, EARLIER);

  for (guint i = 0; i < earlier->len; i++)
    move_file (from, earlier->pdata[i], to, earlier->pdata[i]);
  prune_earlier (to);
}

static void
merge (Archive *self, ArchiveKind kind, const char *from_name, const char *to_name)
{
  g_autofree char *from = folder_of (self, kind, from_name), *to = folder_of (self, kind, to_name);
  g_autoptr (GError) error = NULL;

  if (!g_file_test (from, G_FILE_TEST_IS_DIR))
    return;
  if (!make_folder (to, &error)) {
    g_warning ("%s", error->message);
    return;
  }
  merge_folders (from, to);
  merge_earlier (from, to);
  remove_temporaries (from);
  g_rmdir (from);
}

void
archive_rename (Archive *self, const char *from, const char *to)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->changing);
  g_autofree char *from_folder = person_folder (self, from), *to_folder = person_folder (self, to);

  if (g_str_equal (from_folder, to_folder))
    return;
  g_hash_table_remove (self->moved, to);
  g_hash_table_replace (self->moved, g_strdup (from), g_strdup (to));
  if (!g_file_test (from_folder, G_FILE_TEST_IS_DIR))
    return;
  merge (self, ARCHIVE_PREVIOUS, from, to);
  merge (self, ARCHIVE_REJECTED, from, to);
  g_rmdir (from_folder);
}
