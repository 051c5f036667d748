/*
 * Which of the pictures in a TIFF is the picture (TIFF 6.0; TIFF Technical Note 1 for sub-directories; BigTIFF). Cameras
 * and scanners put small copies in front. Pure, any thread; every access is inside data[0..size); so many directories are
 * looked at, and no more.
 */
#pragma once

#include <glib.h>

typedef struct {
  const char *raw; /* what a camera's raw file it is ("Nikon NEF"), static; NULL: none */
  int pictures;    /* in full: no smaller copies, no masks */
  int page;        /* the directory, from 0, in which the first of those is; as it is stored if there is none */
  int part;        /* which of that directory's sub-directories it is, from 0; -1: the directory itself */
  guint64 offset;  /* of its own directory */
} ImageTiff;

/* FALSE: no TIFF, or one without a directory. */
gboolean image_tiff_read (gconstpointer data, gsize size, ImageTiff *tiff);
