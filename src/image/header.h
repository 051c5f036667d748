/*
 * What a JPEG or PNG says of itself, and what can be done to it without decoding a pixel. Pure, any thread.
 */
#pragma once

#include "image/image.h"

typedef struct {
  ImageKind kind; /* JPEG or PNG */
  guint32 width;  /* as stored, before its orientation is applied */
  guint32 height;
  guint bits;        /* a sample */
  guint components;  /* 4 in a JPEG: CMYK or YCCK */
  guint8 frame;      /* of a JPEG: how it is coded, as its frame header's marker says (C0 to CF); 0: no JPEG */
  guint orientation; /* 1 (upright) to 8 */
  gsize exif_offset; /* of its TIFF structure; 0: none */
  gsize exif_size;
  gsize end; /* behind the picture; what follows is a trailer */
} ImageHeader;

/* FALSE with IMAGE_ERROR unless data is a whole JPEG or PNG (image_check_upload). */
gboolean image_read_header (gconstpointer data, gsize size, ImageHeader *header, GError **error);

/* TRUE if a scan of a JPEG, whole by its structure, has fewer bits than its blocks need at the very least: most of the
 * picture is missing. */
gboolean image_jpeg_is_too_short (gconstpointer data, gsize size);

/* A JPEG's ways of being coded (ISO/IEC 10918-1, table B.1) that programs which show pictures do not all know. */
gboolean image_jpeg_is_arithmetic (const ImageHeader *header);   /* sequential or progressive */
gboolean image_jpeg_is_lossless (const ImageHeader *header);     /* of any coder */
gboolean image_jpeg_is_hierarchical (const ImageHeader *header); /* several frames */

/* A JPEG that is whole but for bytes between its segments that belong to none (*count of them), without those; what it shows
 * is the same. NULL for every other picture, also a whole one. Transfer full. */
GBytes *image_jpeg_without_junk (gconstpointer data, gsize size, gsize *count);

/* A whole JPEG or PNG without what tells of its owner: EXIF, GPS, XMP, IPTC, comments, thumbnails, trailers. The pixels
 * as they are encoded, and what says how to show them (colour profile, gamma, density), stay. Orientation is metadata:
 * turn the picture first. A new reference to bytes itself if there is nothing to strip. Transfer full. */
GBytes *image_strip (GBytes *bytes);
