/*
 * Running contactfs-convert (protocol.h): a process for each request, two at a time, the rest wait their turn in order.
 *
 * Loop thread only; nothing blocks. A decoder that crashes, hangs or eats memory costs its own request
 * IMAGE_ERROR_CUT_OFF and nothing else. What the helper says is checked for being text and of sane size, its output for
 * nothing: that is for who asked. On cancellation the process is killed and the error is G_IO_ERROR_CANCELLED.
 */
#pragma once

#include <gio/gio.h>

#include "image/image.h"

typedef struct ImageHelper ImageHelper;

/* program: its path; copied. */
ImageHelper *image_helper_new (const char *program);
void image_helper_free (ImageHelper *self); /* nothing may be under way */

typedef struct {
  const char *operation; /* static */
  ImageKind kind;        /* of input */
  guint max_side;        /* pixels */
  gsize max_bytes;
  GBytes *input;
  GBytes *second;  /* compare only, else NULL */
  gint64 deadline; /* monotonic, microseconds: IMAGE_ERROR_TIMED_OUT when it has not had its turn by then */
} ImageHelperRequest;

/* Copies what it needs. */
void image_helper_run_async (ImageHelper *self, const ImageHelperRequest *request, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);

/* What it said, a line each (valid UTF-8); *output, unless output is NULL, is what it made. Both transfer full. */
char **image_helper_run_finish (GAsyncResult *result, GBytes **output, GError **error);
