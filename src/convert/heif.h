/*
 * What libvips does not tell of a HEIF file (HEIC, AVIF): ISO/IEC 23008-12, in boxes of ISO/IEC 14496-12.
 */
#pragma once

#include "image/colours.h"

/* Writes a major brand that every decoder knows. They look at that one alone, and do not know all that begin a HEIF file (avis,
 * an animation's). Only for what image_kind takes for HEIC or AVIF. Any thread. */
void heif_take_common_brand (guint8 *data, gsize size);

/* TRUE if the colours of the primary picture are multiplied with its alpha already (an item reference "prem"). FALSE too for
 * what is no such file. Any thread. */
gboolean heif_is_premultiplied (const guint8 *data, gsize size);

/* What the primary picture, or its first tile, says of its colours by code points ("colr" of the kind nclx). FALSE: nothing.
 * Any thread. */
gboolean heif_read_colours (const guint8 *data, gsize size, ImageColours *colours);
