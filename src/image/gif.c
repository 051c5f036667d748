/*
 * The walk through a GIF (GIF89a specification): header, colour table, blocks, each a chain of pieces with a length and
 * an empty one at its end, and the trailer. Decoders are content with half of it, so it is looked at here.
 */
#define G_LOG_DOMAIN "contactfs"

#include "image/image.h"
#include "image/walk.h"

#define HEADER_SIZE     13
#define DESCRIPTOR_SIZE 10

enum { EXTENSION = 0x21, PICTURE = 0x2c, TRAILER = 0x3b };

static gsize
colour_table_size (guint8 flags)
{
  return flags & 0x80 ? (gsize)3 << ((flags & 7) + 1) : 0;
}

/* The offset behind the chain of pieces at pos; over size when it is cut off. */
static gsize
skip_pieces (const guint8 *data, gsize size, gsize pos)
{
  while (pos < size && data[pos] != 0)
    pos += 1 + (gsize)data[pos];
  return pos + 1;
}

gboolean
image_gif_whole (const guint8 *data, gsize size, GError **error)
{
  gsize pos = HEADER_SIZE, pictures = 0;

  if (size >= HEADER_SIZE)
    pos += colour_table_size (data[10]);
  while (pos < size && data[pos] != TRAILER) {
    if (data[pos] == EXTENSION) {
      pos = skip_pieces (data, size, pos + 2);
    } else if (data[pos] == PICTURE && size - pos > DESCRIPTOR_SIZE) {
      pos = skip_pieces (data, size, pos + DESCRIPTOR_SIZE + colour_table_size (data[pos + 9]) + 1);
      pictures++;
    } else if (data[pos] == PICTURE) {
      pos = size;
    } else {
      g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "is a damaged GIF: no block at byte %" G_GSIZE_FORMAT, pos);
      return FALSE;
    }
  }
  if (pos < size && pictures > 0)
    return TRUE;
  g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "is cut off after %" G_GSIZE_FORMAT " bytes: %s", size,
               pos < size ? "no picture in the GIF" : "no end of the GIF");
  return FALSE;
}
