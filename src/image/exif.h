/*
 * The one thing of EXIF that matters here: which way is up (TIFF 6.0 tag 274, CIPA DC-008). tiff is the TIFF structure
 * itself: the payload of a JPEG's APP1 behind "Exif\0\0", or of a PNG's eXIf chunk. Pure, any thread; every access is
 * inside tiff[0..size).
 */
#pragma once

#include <glib.h>

/* 1 (upright) to 8; 1 when it does not say, or says nonsense. */
guint image_exif_orientation (const guint8 *tiff, gsize size);

/* Does it say nothing else, not even a thumbnail? */
gboolean image_exif_is_orientation_alone (const guint8 *tiff, gsize size);

/* In place: the orientation is 1, and the thumbnail, which still lies on its side, is not linked any more. */
void image_exif_set_upright (guint8 *tiff, gsize size);
