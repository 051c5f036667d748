/*
 * Private to image/: a copy of a picture without some of its parts. Parts are left out in their order. Pure, any thread.
 */
#pragma once

#include <glib.h>

#include "image/walk.h"

typedef struct {
  const guint8 *data;
  GByteArray *kept;
  gsize copied; /* up to here */
} ImageRewrite;

/* What is between start and end is not copied; what is appended to kept next is in its place. */
void image_rewrite_leave_out (ImageRewrite *self, gsize start, gsize end);

gboolean image_segment_begins_with (const ImageJpegSegment *segment, const char *magic, gsize length);
