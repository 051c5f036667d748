/* XDG folders of an account. */
#define G_LOG_DOMAIN "contactfs"

#include "settings/folders.h"

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
find (const char *base, const char *account)
{
  g_autofree char *path = g_build_filename (base, "contactfs", account, NULL);
  return g_canonicalize_filename (path, NULL);
}

Folders *
folders_new (const char *account)
{
  Folders *self = g_new0 (Folders, 1);
  self->state = find (g_get_user_state_dir (), account);
  self->cache = find (g_get_user_cache_dir (), account);
  self->data = find (g_get_user_data_dir (), account);
  return self;
}

gboolean
folders_make_all (const Folders *self, GError **error)
{
  return folders_make (self->state, error) && folders_make (self->cache, error) && folders_make (self->data, error);
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
  return find (g_get_user_config_dir (), account);
}
