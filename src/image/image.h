/*
 * Pictures as bytes: what kind, and whether they are all there. Nothing here decodes a pixel or links a decoder.
 *
 * "Whole" is judged by structure, never by a suffix: JPEG marker segments from SOI through every scan to EOI (ISO/IEC
 * 10918-1 annex B; an EOI inside an EXIF thumbnail does not count), PNG chunks from IHDR to IEND with at least one IDAT
 * (W3C PNG, chunk layout and CRC). Bytes after the end (MPF, camera trailers) are allowed. Pure functions, any thread,
 * no I/O, input borrowed.
 */
#pragma once

#include <glib.h>

#define IMAGE_ERROR (image_error_quark ())
GQuark image_error_quark (void);

typedef enum {
  IMAGE_ERROR_NOT_A_PICTURE, /* no known magic */
  IMAGE_ERROR_UNSUPPORTED,   /* a picture, but of a kind that the service does not take, or that cannot be converted */
  IMAGE_ERROR_CUT_OFF,       /* stops before its end, is broken inside, or does not decode */
  IMAGE_ERROR_TIMED_OUT,     /* too many others wait to be converted */
  IMAGE_ERROR_HELPER,        /* nothing is wrong with the picture: contactfs-convert is not there, or cannot work */
} ImageError;

typedef enum {
  IMAGE_KIND_NONE, /* not a picture */
  IMAGE_KIND_JPEG,
  IMAGE_KIND_PNG,
  IMAGE_KIND_GIF,
  IMAGE_KIND_WEBP,
  IMAGE_KIND_TIFF,
  IMAGE_KIND_BMP,
  IMAGE_KIND_HEIC,
  IMAGE_KIND_AVIF,
  IMAGE_KIND_JXL,
} ImageKind;

/* By magic bytes alone; a few dozen bytes are enough. */
ImageKind image_kind (gconstpointer data, gsize size);

/* So many bytes are enough for image_kind, and for this: FALSE if no picture of a known kind begins with these, whatever
 * follows them. */
#define IMAGE_HEAD_BYTES 32
gboolean image_may_begin_with (gconstpointer data, gsize size);

/* "JPEG", "HEIC" …; "no picture" for NONE. Static. */
const char *image_kind_label (ImageKind kind);
/* "image/jpeg" …; "application/octet-stream" for NONE. Static. */
const char *image_kind_mime_type (ImageKind kind);
/* ".jpg", ".png" …; "" for NONE. Static. */
const char *image_kind_extension (ImageKind kind);

/* TRUE if the service takes it as it is: a whole JPEG or PNG. Else FALSE and IMAGE_ERROR with a sentence without a
 * subject
 * ("is cut off after 1234 bytes: no end-of-image marker"). */
gboolean image_check_upload (gconstpointer data, gsize size, GError **error);

/* TRUE if data can be shown as a downloaded photo: a whole JPEG or PNG, or another known kind by its magic. */
gboolean image_check_download (gconstpointer data, gsize size, GError **error);
