/* JPEG without decoding it to pixels, by libjpeg-turbo. Data is borrowed; errors are sentences without a subject. */
#pragma once

#include <gio/gio.h>

/* The picture turned so that orientation (1 to 8) is 1, every coefficient as it was, metadata too; its EXIF says so. It is
 * coded by Huffman, as all programs know it. What was behind its end is not there.
 * NULL with error when its blocks do not allow that (a side that is no multiple of them), or it is damaged. */
GBytes *turn_without_loss (gconstpointer data, gsize size, guint orientation, GError **error);

/* TRUE if every coefficient can be read without complaint. libvips would not hear of one at the very end. */
gboolean turn_verify (gconstpointer data, gsize size, GError **error);
