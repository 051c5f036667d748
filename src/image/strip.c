/* Taking metadata out of a JPEG or PNG: everything but the parts named here is copied as it is. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "image/header.h"
#include "image/rewrite.h"
#include "image/walk.h"

enum { APP0 = 0xe0, APP2 = 0xe2, APP14 = 0xee, APP15 = 0xef, COM = 0xfe };

#define JFIF_LENGTH 14 /* without a thumbnail, whose size the last two bytes say (ITU-T T.871, 10.1) */

static void
leave_out_thumbnail (ImageRewrite *strip, const ImageJpegSegment *jfif)
{
  static const guint8 head[] = { 0xff, APP0, 0, 2 + JFIF_LENGTH }, no_thumbnail[] = { 0, 0 };

  image_rewrite_leave_out (strip, jfif->start, jfif->end);
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
  if (segment->code == APP0 && image_segment_begins_with (segment, "JFIF", 5) && segment->length > JFIF_LENGTH) {
    leave_out_thumbnail (data, segment);
    return;
  }
  if ((segment->code == APP0 && image_segment_begins_with (segment, "JFIF", 5))
      || (segment->code == APP2 && image_segment_begins_with (segment, "ICC_PROFILE", 12))
      || (segment->code == APP14 && image_segment_begins_with (segment, "Adobe", 5)))
    return;
  image_rewrite_leave_out (data, segment->start, segment->end);
}

static void
strip_chunk (const ImagePngChunk *chunk, gpointer data)
{
  static const char *const shown[] = { "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "pHYs", "cICP",
                                       "mDCV", "cLLI", "sPLT", "hIST", "acTL", "fcTL", "fdAT", NULL };
  gboolean is_critical = g_ascii_isupper (chunk->type[0]);

  if (!is_critical && !g_strv_contains (shown, chunk->type))
    image_rewrite_leave_out (data, chunk->start, chunk->end);
}

GBytes *
image_strip (GBytes *bytes)
{
  gsize size, end = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GByteArray) kept = g_byte_array_sized_new ((guint)size);
  ImageRewrite strip = { .data = data, .kept = kept };
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
  image_rewrite_leave_out (&strip, end, end);
  if (kept->len == size)
    return g_bytes_ref (bytes);
  return g_byte_array_free_to_bytes (g_steal_pointer (&kept));
}
