/*
 * What was measured of the line to the photos' host, and how much may be on its way at once (line.c). Loop thread only.
 */
#pragma once

#include "photo/photos.h"

#define LINE_MAX_BYTES (16 * 1024 * 1024) /* on their way, of all photos together */

typedef struct {
  gint64 delay;    /* microseconds from a request to the first byte; 0: not measured */
  double rate;     /* bytes in a second */
  guint64 carried; /* bytes, in all */
  gint64 typical;  /* bytes of a photo, as the last ones were */
  gboolean any;    /* one has come */
  gint64 limit;    /* bytes, since the host asked to slow down */
} Line;

typedef struct {
  gint64 asked, first, latest; /* monotonic: the request, the first byte, the latest */
  guint64 before;              /* bytes that had been carried before the first */
} LineTransfer;

void line_init (Line *self);
void line_begin_body (Line *self, LineTransfer *transfer);
void line_take (Line *self, LineTransfer *transfer, gsize size);
void line_whole (Line *self, const LineTransfer *transfer, gint64 size);
void line_slow_down (Line *self);              /* the host asks for that */
gboolean line_has_room (const Photos *photos); /* for one more photo ahead of need */
guint line_photos (const Photos *photos);      /* as many as the window has */
