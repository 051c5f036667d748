/* XDG folders of an account. */
#define G_LOG_DOMAIN "contactfs"

#include "cli/folders.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

gboolean
folders_make (const char *path, GError **error)
{
  if (g_mkdir_with_parents (path, 0700) == 0 && g_chmod (path, 0700) == 0)
    return TRUE;
  int code = errno;
  g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (code), "the folder %s cannot be made: %s", path,
               g_strerror (code));
  return FALSE;
}

static char *
make_folder (const char *base, const char *account, GError **error)
{
  g_autofree char *path = g_build_filename (base, "contactfs", account, NULL);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  return folders_make (absolute, error) ? g_steal_pointer (&absolute) : NULL;
}

Folders *
folders_new (const char *account, GError **error)
{
  g_autoptr (Folders) self = g_new0 (Folders, 1);
  self->state = make_folder (g_get_user_state_dir (), account, error);
  if (self->state == NULL)
    return NULL;
  self->cache = make_folder (g_get_user_cache_dir (), account, error);
  if (self->cache == NULL)
    return NULL;
  self->data = make_folder (g_get_user_data_dir (), account, error);
  if (self->data == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

void
folders_free (Folders *self)
{
  if (self == NULL)
    return;
  g_free (self->state);
  g_free (self->cache);
  g_free (self->data);
  g_free (self);
}

char *
folders_config (const char *account)
{
  g_autofree char *path = g_build_filename (g_get_user_config_dir (), "contactfs", account, NULL);
  return g_canonicalize_filename (path, NULL);
}
