/*
 * Private to start.c, source.c, picture.c and compare.c: the only file of the helper that includes libvips, and what they
 * all do with it. Where a function returns FALSE without setting a GError, libvips has the reason (picture_set_error).
 */
#pragma once

#include <vips/vips.h>

#include "config.h"
#include "image/image.h"

#ifndef HAVE_VIPS_AUTOPTR /* 8.14 */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VipsImage, g_object_unref)
#endif

typedef struct {
  int width;
  int height;
  int pages; /* of a TIFF: pictures in full */
  int page;  /* of a TIFF: in which directory the first of those is; */
  int part;  /* in which of its sub-directories; -1: in none */
  int orientation;
  gboolean has_profile;       /* its own, or: */
  GBytes *profile;            /* to be taken in place of its own; NULL: none */
  const char *profile_phrase; /* what is done by that; static */
  gboolean has_alpha;
  gboolean has_empty_alpha;  /* which is not meant, and no has_alpha */
  gboolean is_premultiplied; /* its colours are multiplied with alpha already; libvips takes them as if not */
  VipsInterpretation colours;
  VipsBandFormat format;
  VipsImage *decoded; /* all of it, where libvips does not know the way; NULL: by libvips */
} Source;

void source_clear (Source *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Source, source_clear)

/* What the picture says of itself. FALSE with a sentence without a subject for what cannot be opened, or is not taken. */
gboolean source_read (gconstpointer data, gsize size, Source *source, GError **error);

/* The picture itself; transfer full. NULL: libvips has the reason. */
VipsImage *source_open (gconstpointer data, gsize size, const Source *source, VipsAccess access);

/* *image is replaced by what operation makes of it. */
#define STEP(image, operation, ...)                                                                                    \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    VipsImage *step = NULL;                                                                                            \
    if (operation (*(image), &step, __VA_ARGS__) != 0)                                                                 \
      return FALSE;                                                                                                    \
    g_object_unref (*(image));                                                                                         \
    *(image) = step;                                                                                                   \
  }                                                                                                                    \
  G_STMT_END

/* *image becomes one of 8 bits, grey or sRGB, without alpha. */
gboolean picture_make_plain (VipsImage **image);

/* "what: it is cut off, damaged or unusual", and in brackets the reason that libvips has. */
void picture_set_error (GError **error, const char *what);
