/* Taking metadata out of a JPEG or PNG: everything but the parts named here is copied as it is. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "image/header.h"
#include "image/walk.h"

enum { APP0 = 0xe0, APP2 = 0xe2, APP14 = 0xee, APP15 = 0xef, COM = 0xfe };

#define JFIF_LENGTH 14 /* without a thumbnail, whose size the last two bytes say (ITU-T T.871, 10.1) */

typedef struct {
  const guint8 *data;
  GByteArray *kept;
  gsize copied; /* up to here */
} Strip;

static void
leave_out (Strip *strip, gsize start, gsize end)
{
  g_byte_array_append (strip->kept, strip->data + strip->copied, (guint)(start - strip->copied));
  strip->copied = end;
}

static gboolean
begins_with (const ImageJpegSegment *segment, const char *magic, gsize length)
{
  return segment->length >= length && memcmp (segment->body, magic, length) == 0;
}

static void
leave_out_thumbnail (Strip *strip, const ImageJpegSegment *jfif)
{
  static const guint8 head[] = { 0xff, APP0, 0, 2 + JFIF_LENGTH }, no_thumbnail[] = { 0, 0 };

  leave_out (strip, jfif->start, jfif->end);
  g_byte_array_append (strip->kept, head, sizeof head);
  g_byte_array_append (strip->kept, jfif->body, JFIF_LENGTH - sizeof no_thumbnail);
  g_byte_array_append (strip->kept, no_thumbnail, sizeof no_thumbnail);
}

/* The pixels' density, the colour profile, and Adobe's word on how colours are stored are no metadata: without them the
 * picture looks different. */
static void
strip_segment (const ImageJpegSegment *segment, gpointer data)
{
  gboolean is_application = segment->code >= APP0 && segment->code <= APP15;

  if (!is_application && segment->code != COM)
    return;
  if (segment->code == APP0 && begins_with (segment, "JFIF", 5) && segment->length > JFIF_LENGTH) {
    leave_out_thumbnail (data, segment);
    return;
  }
  if ((segment->code == APP0 && begins_with (segment, "JFIF", 5))
      || (segment->code == APP2 && begins_with (segment, "ICC_PROFILE", 12))
      || (segment->code == APP14 && begins_with (segment, "Adobe", 5)))
    return;
  leave_out (data, segment->start, segment->end);
}

static void
strip_chunk (const ImagePngChunk *chunk, gpointer data)
{
  static const char *const shown[] = { "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "pHYs", "cICP",
                                       "mDCV", "cLLI", "sPLT", "hIST", "acTL", "fcTL", "fdAT", NULL };
  gboolean is_critical = g_ascii_isupper (chunk->type[0]);

  if (!is_critical && !g_strv_contains (shown, chunk->type))
    leave_out (data, chunk->start, chunk->end);
}

GBytes *
image_strip (GBytes *bytes)
{
  gsize size, end = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GByteArray) kept = g_byte_array_sized_new ((guint)size);
  Strip strip = { .data = data, .kept = kept };
  gboolean whole = FALSE;

  switch (image_kind (data, size)) {
  case IMAGE_KIND_JPEG:
    whole = image_jpeg_walk (data, size, strip_segment, &strip, &end, NULL);
    break;
  case IMAGE_KIND_PNG:
    whole = image_png_walk (data, size, strip_chunk, &strip, &end, NULL);
    break;
  default:
    break;
  }
  if (!whole)
    return g_bytes_ref (bytes);
  leave_out (&strip, end, end);
  if (kept->len == size)
    return g_bytes_ref (bytes);
  return g_byte_array_free_to_bytes (g_steal_pointer (&kept));
}
