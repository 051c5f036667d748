/*
 * A process of its own, for two reasons. GIO's way to the list (gvfs) looks at each folder first, and a process that waits
 * for its own mount can hang for ever. And it loads GIO's modules, which have no business beside a token.
 */
#define G_LOG_DOMAIN "contactfs"

#include "desktop/icon-setter.h"

#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ATTRIBUTE "metadata::custom-icon"

typedef struct {
  char *text;
  size_t size;
} Field;

static gboolean
read_field (Field *field)
{
  return getdelim (&field->text, &field->size, '\0', stdin) > 0;
}

/* The user's own icon, and that of another program. */
static gboolean
is_of_others (const char *icon, const char *ours)
{
  return icon != NULL && !g_str_has_prefix (icon, ours);
}

/* A folder that is gone by now needs no icon. */
static gboolean
set_icon (const char *mountpoint, const char *ours, const char *name, const char *uri, GError **error)
{
  g_autofree char *path = g_build_filename (mountpoint, name, NULL);
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  g_autoptr (GFileInfo) info = g_file_query_info (folder, ATTRIBUTE, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
  const char *now = info != NULL ? g_file_info_get_attribute_string (info, ATTRIBUTE) : NULL;
  const char *wanted = uri[0] != '\0' ? uri : NULL;
  g_autoptr (GError) why = NULL;
  if (info == NULL || is_of_others (now, ours) || g_strcmp0 (now, wanted) == 0)
    return TRUE;
  if (g_file_set_attribute (folder, ATTRIBUTE,
                            wanted != NULL ? G_FILE_ATTRIBUTE_TYPE_STRING : G_FILE_ATTRIBUTE_TYPE_INVALID,
                            (gpointer)wanted, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, &why)
      || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

int
icon_setter_run (const char *mountpoint, const char *cache)
{
  g_autofree char *uri = g_filename_to_uri (cache, NULL, NULL);
  g_autofree char *ours = g_strconcat (uri != NULL ? uri : "", "/", NULL);
  g_autoptr (GError) error = NULL;
  Field name = { 0 }, icon = { 0 };
  signal (SIGINT, SIG_IGN); /* Ctrl-C is for the mount, which has things to take away then */
  signal (SIGHUP, SIG_IGN);
  while (error == NULL && read_field (&name) && read_field (&icon))
    set_icon (mountpoint, ours, name.text, icon.text, &error);
  free (name.text);
  free (icon.text);
  if (error == NULL)
    return 0;
  fputs (error->message, stdout);
  return 1;
}
