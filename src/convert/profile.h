/*
 * ICC profiles for pictures that have none, and for HDR: by lcms2, which libvips converts colours with. So one way leads from
 * any picture's colours to sRGB. Data is borrowed. One thread.
 *
 * HDR (PQ, HLG) is brought to ordinary brightness by the profile's curve: light up to 85 % of reference white (203 nits, ITU-R
 * BT.2408) stays as it is, what is brighter is pressed into the rest, so that reference white is 248 of 255 and nothing is
 * cut off. Red, green and blue each for itself, as cameras do it.
 */
#pragma once

#include "image/colours.h"

/* For RGB, or grey. NULL when colours are sRGB's, or so near that nobody means another. *phrase, static, is what is done by it
 * ("brought from Display P3 to sRGB"). Transfer full. */
GBytes *profile_for_colours (const ImageColours *colours, gboolean is_grey, const char **phrase);

/* For a profile whose curve is that of PQ or HLG: the same with ours. NULL for every other. Transfer full. */
GBytes *profile_for_hdr (gconstpointer profile, gsize size, const char **phrase);
