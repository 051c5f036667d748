/*
 * Pictures, by libvips. Everything here blocks for milliseconds: call it on a worker thread. The one file of this room
 * that includes vips.
 */
#pragma once

#include <gio/gio.h>

/* Starts libvips, if nothing has yet; makes no thread. */
void picture_prepare (void);

/* JPEG or PNG that decodes whole? Else FALSE with error. */
gboolean picture_check (GBytes *bytes, GError **error);
const char *picture_type (GBytes *bytes); /* by its magic; application/octet-stream for what it does not know */

/* How a picture is asked for. width 0: the original bytes. */
typedef struct PictureSize {
  int width;
  int height;
  gboolean crop; /* fill the box and cut off the rest; else fit into it */
} PictureSize;

/* Never larger than the original; JPEG stays JPEG, PNG stays PNG. */
GBytes *picture_resize (GBytes *bytes, const PictureSize *size, GError **error);
/* A JPEG of it as Google makes one of what is uploaded: compressed anew, and as large as it shows it at most. */
GBytes *picture_reencode (GBytes *bytes, GError **error);

typedef enum { PICTURE_JPEG, PICTURE_PNG } PictureFormat;
GBytes *picture_from_svg (const char *svg, int width, PictureFormat format, GError **error);
