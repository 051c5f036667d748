/*
 * Private to image/: is a JPEG or PNG all there? See image.h for what "whole" means.
 *
 * data begins with the kind's magic (image_kind said so). FALSE sets IMAGE_ERROR_CUT_OFF with a sentence without a
 * subject. Every read is inside data[0..size); time is linear in size. Pure, any thread.
 */
#pragma once

#include <glib.h>

gboolean image_jpeg_whole (const guint8 *data, gsize size, GError **error);
gboolean image_png_whole (const guint8 *data, gsize size, GError **error);
