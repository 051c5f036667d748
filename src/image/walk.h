/*
 * Private to image/: the walks through a JPEG and a PNG, which tell whether it is all there and show its parts. See
 * image.h for what "whole" means.
 *
 * data begins with the kind's magic (image_kind said so). each, which may be NULL, is called for every part in its
 * order, also when the walk fails later; what it gets is borrowed for the call. On success *end is the offset behind
 * the picture: what follows is a trailer. FALSE sets IMAGE_ERROR_CUT_OFF with a sentence without a subject. Every read
 * is inside data[0..size); time is linear in size. Pure, any thread.
 */
#pragma once

#include <glib.h>

static inline guint32
image_be32 (const guint8 *bytes)
{
  return (guint32)bytes[0] << 24 | (guint32)bytes[1] << 16 | (guint32)bytes[2] << 8 | bytes[3];
}

/* Bytes that say nothing. */
static inline gboolean
image_is_zero (const guint8 *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (data[i] != 0)
      return FALSE;
  return TRUE;
}

typedef struct {
  guint8 code;
  gsize start; /* of the marker's first FF, fill bytes included */
  gsize end;   /* of the segment; a scan's data follows there */
  const guint8 *body;
  gsize length;
} ImageJpegSegment;

typedef void (*ImageJpegFunc) (const ImageJpegSegment *segment, gpointer data);

gboolean image_jpeg_walk (const guint8 *data, gsize size, ImageJpegFunc each, gpointer each_data, gsize *end,
                          GError **error);
gboolean image_jpeg_is_frame_header (guint8 code); /* SOF0 … SOF15 */

/* The same for a JPEG with bytes between its segments that belong to none: each is called for those too, with this code. */
#define IMAGE_JPEG_JUNK 0
gboolean image_jpeg_walk_with_junk (const guint8 *data, gsize size, ImageJpegFunc each, gpointer each_data, gsize *end);

typedef struct {
  char type[5];
  gsize start;
  gsize end;
  const guint8 *data;
  gsize length;
} ImagePngChunk;

typedef void (*ImagePngFunc) (const ImagePngChunk *chunk, gpointer data);

gboolean image_png_walk (const guint8 *data, gsize size, ImagePngFunc each, gpointer each_data, gsize *end,
                         GError **error);

/* The same for a GIF, without its parts. */
gboolean image_gif_whole (const guint8 *data, gsize size, GError **error);
