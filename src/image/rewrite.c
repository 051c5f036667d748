/* Copying a picture but for some of its parts. */
#define G_LOG_DOMAIN "contactfs"

#include "image/rewrite.h"

#include <string.h>

#include "image/header.h"

void
image_rewrite_leave_out (ImageRewrite *self, gsize start, gsize end)
{
  g_byte_array_append (self->kept, self->data + self->copied, (guint)(start - self->copied));
  self->copied = end;
}

gboolean
image_segment_begins_with (const ImageJpegSegment *segment, const char *magic, gsize length)
{
  return segment->length >= length && memcmp (segment->body, magic, length) == 0;
}

static void
leave_out_junk (const ImageJpegSegment *segment, gpointer data)
{
  if (segment->code == IMAGE_JPEG_JUNK)
    image_rewrite_leave_out (data, segment->start, segment->end);
}

GBytes *
image_jpeg_without_junk (gconstpointer data, gsize size, gsize *count)
{
  g_autoptr (GByteArray) kept = NULL;
  ImageRewrite rewrite = { .data = data };
  gsize end;

  if (image_kind (data, size) != IMAGE_KIND_JPEG)
    return NULL;
  rewrite.kept = kept = g_byte_array_sized_new ((guint)size);
  if (!image_jpeg_walk_with_junk (data, size, leave_out_junk, &rewrite, &end))
    return NULL;
  image_rewrite_leave_out (&rewrite, size, size);
  *count = size - kept->len;
  return *count > 0 ? g_byte_array_free_to_bytes (g_steal_pointer (&kept)) : NULL;
}
