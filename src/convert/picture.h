/*
 * Pictures, by libvips: the only part of contactfs that decodes what people bring. One thread, one picture, then the
 * process ends. Data is borrowed. Errors are sentences without a subject.
 */
#pragma once

#include <gio/gio.h>

#include "image/image.h"

typedef struct {
  int side;    /* pixels, the longer one */
  gsize bytes; /* of the JPEG */
} PictureLimits;

/* Before the sandbox: loads the code for pictures of these kinds, and bars every other decoder. */
gboolean picture_start (const ImageKind *kinds, gsize count, GError **error);

/* An upright JPEG: quality 90, sRGB, 8 bits, on white, within the limits. A sentence part for each change goes into
 * phrases (char*, freed by it). NULL with error when it does not decode to its end. The
 * caller has looked with image_check_download: decoders are content with half of some kinds. */
GBytes *picture_convert (gconstpointer data, gsize size, const PictureLimits *limits, GPtrArray *phrases,
                         GError **error);

/* Do both show the same in the same colours, whatever their size, compression, or edges that one of them lacks? A colour
 * profile may have been applied or lost. */
gboolean picture_compare (gconstpointer data, gsize size, gconstpointer second, gsize second_size, gboolean *same,
                          GError **error);
