/*
 * From what a program wrote to what the service gets: an upright JPEG or PNG within the limits. A JPEG or PNG that is
 * one already goes as it is, byte for byte, and no other process sees it; what has to be decoded goes through the
 * helper, and what comes back is checked like what a program wrote.
 *
 * Loop thread only; nothing blocks.
 */
#pragma once

#include "image/helper.h"

typedef struct {
  gsize max_bytes;
  guint max_side; /* pixels */
  gboolean strip_metadata;
} ImageWishes;

typedef struct {
  GBytes *bytes;
  char *note; /* what was changed and why, a sentence without a full stop; NULL: nothing */
} ImagePrepared;

void image_prepared_free (ImagePrepared *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImagePrepared, image_prepared_free)

/* base: the older picture that was changed in places to become written, or NULL. A JPEG that was one must decode without
 * complaint, unless base does not either.
 * Copies wishes. Fails with IMAGE_ERROR, or G_IO_ERROR_CANCELLED. */
void image_prepare_async (ImageHelper *helper, GBytes *written, const ImageWishes *wishes, GBytes *base,
                          gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
ImagePrepared *image_prepare_finish (GAsyncResult *result, GError **error);

/* Does smaller show the same picture as larger, colours included, in at most half as many pixels? Only then is anything decoded.
 * FALSE too when they cannot be compared. Never fails but by cancellation, and takes that for FALSE. */
void image_is_smaller_copy_async (ImageHelper *helper, GBytes *smaller, GBytes *larger, gint64 deadline,
                                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean image_is_smaller_copy_finish (GAsyncResult *result);
