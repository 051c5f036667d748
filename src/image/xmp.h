/*
 * Taking out of a JPEG's XMP packet (ISO 16684-1, RDF in XML) what names pictures or videos behind the JPEG's end, when
 * they are left out: gain maps, motion photos, containers of those. Everything else stays. Pure, any thread.
 */
#pragma once

#include <glib.h>

/* Does it name something that lies behind the end? */
gboolean image_xmp_names_trailer (const char *packet, gsize size);
gboolean image_xmp_names_gain_map (const char *packet, gsize size);
gboolean image_xmp_names_video (const char *packet, gsize size);

/* Does it say that it goes on in further segments ("extended XMP")? */
gboolean image_xmp_is_extended (const char *packet, gsize size);

/* The packet without that; extended: its further segments are still there. NULL when nothing is left that says anything, or
 * it cannot be read. Transfer full. */
char *image_xmp_forget_trailer (const char *packet, gsize size, gboolean extended);
