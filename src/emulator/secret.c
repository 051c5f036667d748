/* Words that nobody can guess. From the kernel, not GLib's generator: forked emulators would all draw the same. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/secret.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/random.h>

#include "emulator/base64.h"

char *
secret_new (const char *prefix)
{
  guchar bytes[32];
  g_autofree char *text = NULL;

  if (getrandom (bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
    g_error ("the kernel gives no random bytes: %s", g_strerror (errno));
  text = base64_encode_url (bytes, sizeof bytes);
  return g_strconcat (prefix, text, NULL);
}

gboolean
secret_equal (const char *a, const char *b)
{
  gsize length = strlen (a);

  return length == strlen (b) && gnutls_memcmp (a, b, length) == 0;
}

gboolean
secret_write_bytes (GBytes *bytes, const char *path, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  if (g_chmod (path, 0600) != 0 && errno != ENOENT) { /* newer GLib (Debian 13's) leaves the mode of what is there */
    g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (errno), "%s cannot be made private: %s", path,
                 g_strerror (errno));
    return FALSE;
  }
  return g_file_set_contents_full (path, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

gboolean
secret_write (const char *secret, const char *path, GError **error)
{
  g_autofree char *line = g_strconcat (secret, "\n", NULL);

  g_autoptr (GBytes) bytes = g_bytes_new_static (line, strlen (line));

  return secret_write_bytes (bytes, path, error);
}
