/*
 * What a picture says that its numbers mean, where it does so without an ICC profile: code points for primaries and transfer
 * (ITU-T H.273: nclx, CICP), or a PNG's gAMA and cHRM. Pure, any thread.
 */
#pragma once

#include <glib.h>

/* Of H.273, 8.1 and 8.2. */
enum { IMAGE_PRIMARIES_BT709 = 1, IMAGE_PRIMARIES_UNKNOWN = 2, IMAGE_PRIMARIES_BT2020 = 9, IMAGE_PRIMARIES_P3 = 12 };
enum {
  IMAGE_TRANSFER_UNKNOWN = 2,
  IMAGE_TRANSFER_LINEAR = 8,
  IMAGE_TRANSFER_SRGB = 13,
  IMAGE_TRANSFER_PQ = 16,
  IMAGE_TRANSFER_HLG = 18
};

typedef struct {
  guint primaries;          /* IMAGE_PRIMARIES_UNKNOWN: not told so */
  guint transfer;           /* IMAGE_TRANSFER_UNKNOWN: not told so */
  gboolean is_narrow;       /* black is 16 and white 235 of 255 */
  gboolean beats_profile;   /* also an ICC profile in the same file */
  double gamma;             /* the exponent light was encoded with, 1/2.2 mostly; 0: not told so */
  double chromaticities[8]; /* x and y of white, red, green, blue; all 0: not told so */
} ImageColours;

gboolean image_colours_are_hdr (const ImageColours *colours); /* PQ or HLG */

/* Of a whole PNG: cICP, else sRGB, else gAMA and cHRM (W3C PNG, third edition, 4.3). It says nothing of iCCP, which is before
 * the latter two. FALSE: it does not tell. */
gboolean image_png_read_colours (gconstpointer data, gsize size, ImageColours *colours);
