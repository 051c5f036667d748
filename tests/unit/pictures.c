/* Shared by unit tests. */
#include "pictures.h"

#include <string.h>

#define BEHIND_IHDR 33

GByteArray *
picture_load (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "pictures", name, NULL);
  g_autoptr (GError) error = NULL;
  gsize size;
  char *data;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_byte_array_new_take ((guint8 *)data, size);
}

void
picture_insert (GByteArray *picture, gsize at, gconstpointer data, gsize size)
{
  g_byte_array_set_size (picture, picture->len + (guint)size);
  memmove (picture->data + at + size, picture->data + at, picture->len - at - size);
  memcpy (picture->data + at, data, size);
}

/* W3C PNG, annex D */
static guint32
checksum (const guint8 *data, gsize size)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < size; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc;
}

void
picture_append_png_chunk (GByteArray *png, const char *type, gconstpointer data, gsize size)
{
  guint32 length = GUINT32_TO_BE ((guint32)size), crc;
  guint begin = png->len;

  g_byte_array_append (png, (const guint8 *)&length, 4);
  g_byte_array_append (png, (const guint8 *)type, 4);
  g_byte_array_append (png, data, (guint)size);
  crc = GUINT32_TO_BE (checksum (png->data + begin + 4, size + 4));
  g_byte_array_append (png, (const guint8 *)&crc, 4);
}

void
picture_insert_png_chunk (GByteArray *png, const char *type, gconstpointer data, gsize size)
{
  g_autoptr (GByteArray) chunk = g_byte_array_new ();

  picture_append_png_chunk (chunk, type, data, size);
  picture_insert (png, BEHIND_IHDR, chunk->data, chunk->len);
}
