/* Collecting files (pictures.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image.h"
#include "match/match.h"

static gboolean
begins_like_a_picture (const char *path)
{
  guint8 head[IMAGE_HEAD_BYTES];
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gssize count = fd >= 0 ? read (fd, head, sizeof head) : -1;
  if (fd >= 0)
    close (fd);
  return count > 0 && image_kind (head, (gsize)count) != IMAGE_KIND_NONE;
}

static void
add (GPtrArray *paths, const char *path)
{
  if (!g_ptr_array_find_with_equal_func (paths, path, g_str_equal, NULL))
    g_ptr_array_add (paths, g_strdup (path));
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
add_folder (GPtrArray *paths, const char *path, GError **error)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  if (folder == NULL)
    return FALSE;
  for (const char *name = g_dir_read_name (folder); name != NULL; name = g_dir_read_name (folder))
    if (name[0] != '.')
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    g_autofree char *inner = g_build_filename (path, name, NULL);
    struct stat status, target;
    if (lstat (inner, &status) != 0)
      continue;
    if (S_ISDIR (status.st_mode)) {
      if (!add_folder (paths, inner, error))
        return FALSE;
    } else if (stat (inner, &target) == 0 && S_ISREG (target.st_mode)
               && (match_is_picture_name (name) || begins_like_a_picture (inner))) {
      add (paths, inner);
    }
  }
  return TRUE;
}

gboolean
pictures_add (GPtrArray *paths, const char *path, GError **error)
{
  g_autofree char *plain = g_canonicalize_filename (path, NULL);
  struct stat status;
  if (stat (plain, &status) != 0) {
    g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    return FALSE;
  }
  if (S_ISDIR (status.st_mode)) {
    guint before = paths->len;
    if (!add_folder (paths, plain, error))
      return FALSE;
    if (paths->len == before) /* it may have been meant for the mountpoint */
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s has no pictures, and is no contactfs mount", path);
    return paths->len > before;
  }
  add (paths, plain);
  return TRUE;
}
