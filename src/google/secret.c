/* Zeroing of secrets, and what an access token may look like. */
#define G_LOG_DOMAIN "contactfs"

#include "google/secret.h"

#include <string.h>

#define MAX_TOKEN 16384

typedef struct {
  gpointer data;
  gsize size;
} Buffer;

void
secret_free (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}

static void
buffer_free (gpointer data)
{
  Buffer *buffer = data;

  if (buffer->size > 0)
    explicit_bzero (buffer->data, buffer->size);
  g_free (buffer->data);
  g_free (buffer);
}

GBytes *
secret_bytes_take (gpointer data, gsize size)
{
  Buffer *buffer = g_new (Buffer, 1);

  *buffer = (Buffer){ data, size };
  return g_bytes_new_with_free_func (data, size, buffer_free, buffer);
}

void
secret_string_free (GString *text)
{
  if (text == NULL)
    return;
  explicit_bzero (text->str, text->len);
  g_string_free (text, TRUE);
}

gboolean
secret_is_token (const char *text)
{
  gsize length = strlen (text);

  if (length == 0 || length > MAX_TOKEN)
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  return TRUE;
}
