/*
 * The chunk walk through a PNG (W3C PNG, "Datastream structure"): the signature, IHDR, chunks with at least one byte of
 * IDAT (and PLTE before it for an indexed picture), IEND. Each chunk is length, type, data, CRC-32 of type and data.
 * Chunks that are unknown are stepped over, critical ones too: whether they can be shown is for a decoder to say.
 */
#define G_LOG_DOMAIN "contactfs"

#include "image/walk.h"

#include <string.h>
#include <zlib.h>

#include "image/image.h"

#define SIGNATURE_SIZE 8
#define CHUNK_OVERHEAD 12 /* length, type, CRC */

static gboolean
fail_cut_off (gsize size, const char *lacks, GError **error)
{
  g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "is cut off after %" G_GSIZE_FORMAT " bytes: %s", size, lacks);
  return FALSE;
}

static gboolean
fail_broken (gsize at, const char *what, GError **error)
{
  g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "is a damaged PNG: %s at byte %" G_GSIZE_FORMAT, what, at);
  return FALSE;
}

static gboolean
next_chunk (const guint8 *data, gsize size, gsize *pos, ImagePngChunk *out, GError **error)
{
  gsize left = size - *pos;
  const guint8 *chunk = data + *pos;

  if (left == 0)
    return fail_cut_off (size, "no IEND chunk", error);
  if (left < CHUNK_OVERHEAD)
    return fail_cut_off (size, "a chunk is not all there", error);
  out->length = image_be32 (chunk);
  memcpy (out->type, chunk + 4, 4);
  out->type[4] = '\0';
  for (int i = 0; i < 4; i++)
    if (!g_ascii_isalpha (out->type[i]))
      return fail_broken (*pos, "no chunk", error);
  if (out->length > G_MAXINT32)
    return fail_broken (*pos, "an impossible chunk length", error);
  if (left - CHUNK_OVERHEAD < out->length)
    return fail_cut_off (size, "a chunk is not all there", error);
  out->data = chunk + 8;
  if (crc32 (0, chunk + 4, (uInt)out->length + 4) != image_be32 (out->data + out->length))
    return fail_broken (*pos, "a chunk with a wrong checksum", error);
  out->start = *pos;
  *pos += CHUNK_OVERHEAD + out->length;
  out->end = *pos;
  return TRUE;
}

/* Width, height, then bit depth, colour type, compression, filter, interlace, a byte each. */
static gboolean
header_is_sane (const ImagePngChunk *header)
{
  /* Bit depths allowed for a colour type, one bit each. */
  static const guint32 depths[] = { [0] = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 16,
                                    [2] = 1 << 8 | 1 << 16,
                                    [3] = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8,
                                    [4] = 1 << 8 | 1 << 16,
                                    [6] = 1 << 8 | 1 << 16 };
  guint32 width, height;
  guint8 depth, colour;

  if (strcmp (header->type, "IHDR") != 0 || header->length != 13)
    return FALSE;
  width = image_be32 (header->data);
  height = image_be32 (header->data + 4);
  depth = header->data[8];
  colour = header->data[9];
  return width > 0 && width <= G_MAXINT32 && height > 0 && height <= G_MAXINT32 && depth <= 16
         && colour < G_N_ELEMENTS (depths) && (depths[colour] & 1u << depth) && header->data[10] == 0
         && header->data[11] == 0 && header->data[12] <= 1;
}

gboolean
image_png_walk (const guint8 *data, gsize size, ImagePngFunc each, gpointer each_data, gsize *end, GError **error)
{
  gsize pos = SIGNATURE_SIZE, pixels = 0;
  gboolean palette_due = FALSE;

  for (;;) {
    gsize at = pos;
    ImagePngChunk chunk;

    if (!next_chunk (data, size, &pos, &chunk, error))
      return FALSE;
    if (at == SIGNATURE_SIZE) {
      if (!header_is_sane (&chunk))
        return fail_broken (at, "a wrong header", error);
      palette_due = chunk.data[9] == 3;
    } else if (strcmp (chunk.type, "IHDR") == 0) {
      return fail_broken (at, "a second header", error);
    }
    if (each != NULL)
      each (&chunk, each_data);
    if (strcmp (chunk.type, "IEND") == 0) {
      *end = pos;
      return pixels > 0 || fail_broken (at, "an end without any pixels", error);
    }
    if (strcmp (chunk.type, "PLTE") == 0)
      palette_due = FALSE;
    if (strcmp (chunk.type, "IDAT") == 0) {
      if (palette_due)
        return fail_broken (at, "pixels before their palette", error);
      pixels += chunk.length;
    }
  }
}
