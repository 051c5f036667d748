/* Words that nobody can guess. From the kernel, not GLib's generator: forked emulators would all draw the same. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/secret.h"

#include <gio/gio.h>
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
secret_write (const char *secret, const char *path, GError **error)
{
  g_autofree char *line = g_strconcat (secret, "\n", NULL);

  return g_file_set_contents_full (path, line, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
