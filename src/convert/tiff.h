/*
 * TIFFs that libvips shows in wrong colours, or not at all: YCbCr that is not JPEG inside, with or without smaller planes of
 * colour (TIFF 6.0, section 21). By libtiff. Data is borrowed and must outlive the picture. One thread.
 */
#pragma once

#include <glib.h>

typedef struct Tiff Tiff;

/* Of the picture whose directory is at offset. NULL for every other picture, also for one that cannot be opened. */
Tiff *tiff_open_ycbcr (gconstpointer data, gsize size, guint64 offset);
void tiff_free (Tiff *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tiff, tiff_free)

typedef struct {
  guint32 width; /* as stored, before its orientation is applied */
  guint32 height;
  int orientation;       /* 1 (upright) to 8 */
  gconstpointer profile; /* ICC, of RGB; borrowed from the Tiff; NULL: none */
  gsize profile_size;
} TiffHeader;

void tiff_read_header (Tiff *self, TiffHeader *header);

/* Three bytes a pixel, red, green, blue, row by row. NULL when it does not decode to its end. Transfer full. */
guint8 *tiff_read_pixels (Tiff *self);
