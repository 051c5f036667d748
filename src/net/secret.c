/* Zeroing of secrets, and what an access token may look like. */
#define G_LOG_DOMAIN "contactfs"

#include "net/secret.h"

#include <malloc.h>
#include <stdlib.h>
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
secret_heap_free (void *block)
{
  if (block != NULL)
    explicit_bzero (block, malloc_usable_size (block));
  free (block);
}

/* Not in place: what realloc(3) would move, it would leave behind as it was. */
void *
secret_heap_realloc (void *block, size_t size)
{
  void *larger = malloc (size);

  if (larger == NULL || block == NULL)
    return larger;
  memcpy (larger, block, MIN (size, malloc_usable_size (block)));
  secret_heap_free (block);
  return larger;
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
