/*
 * What lies behind a JPEG's end, and the segments that name it: gain maps (Ultra HDR: MPF, GContainer, hdrgm; ISO 21496-1),
 * a motion photo's video, a camera's larger preview (MPF, CIPA DC-007). Who makes a new picture keeps none of it, so what
 * names it has to go as well. Pure, any thread.
 */
#pragma once

#include <glib.h>

/* What the trailer of a whole JPEG is, for "left without …": "its gain map (HDR)"; NULL: it has none. Static. */
const char *image_trailer_name (gconstpointer data, gsize size);

/* A whole JPEG up to its end, without what names anything behind that; neither without an EXIF that says nothing but that the
 * picture is upright. A new reference to bytes itself if there is nothing to leave out, or it is no JPEG. Transfer full. */
GBytes *image_forget_trailer (GBytes *bytes);
