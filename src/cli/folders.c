/*
 * XDG folders of an account, and the order in which credentials are looked for.
 */
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
folders_find_credentials (const Options *options, GError **error)
{
  if (options->credentials != NULL)
    return g_canonicalize_filename (options->credentials, NULL);

  const char *named = g_getenv ("GOOGLE_APPLICATION_CREDENTIALS");
  if (named != NULL && named[0] != '\0')
    return g_canonicalize_filename (named, NULL);

  const char *config = g_getenv ("CLOUDSDK_CONFIG");
  g_autofree char *folder
      = config != NULL && config[0] != '\0'
            ? g_canonicalize_filename (config, NULL)
            : g_build_filename (g_get_home_dir (), ".config", "gcloud", NULL); /* whatever $XDG_CONFIG_HOME says */
  g_autofree char *path = g_build_filename (folder, "application_default_credentials.json", NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_canonicalize_filename (path, NULL);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "there are no credentials for the account “%s”: pass --credentials FILE or --token-command CMD, or run "
               "`gcloud auth application-default login` with the scope https://www.googleapis.com/auth/contacts",
               options->account);
  return NULL;
}
