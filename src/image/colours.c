/* A PNG's words on its colours. */
#define G_LOG_DOMAIN "contactfs"

#include "image/colours.h"

#include <string.h>

#include "image/image.h"
#include "image/walk.h"

typedef struct {
  ImageColours colours;
  gboolean has_cicp;
  gboolean is_srgb;
} Reading;

static void
read_chunk (const ImagePngChunk *chunk, gpointer data)
{
  Reading *reading = data;
  ImageColours *colours = &reading->colours;

  if (strcmp (chunk->type, "cICP") == 0 && chunk->length == 4 && chunk->data[2] == 0) {
    colours->primaries = chunk->data[0];
    colours->transfer = chunk->data[1];
    colours->is_narrow = chunk->data[3] == 0;
    reading->has_cicp = TRUE;
  } else if (strcmp (chunk->type, "sRGB") == 0) {
    reading->is_srgb = TRUE;
  } else if (strcmp (chunk->type, "gAMA") == 0 && chunk->length == 4) {
    colours->gamma = image_be32 (chunk->data) / 100000.0;
  } else if (strcmp (chunk->type, "cHRM") == 0 && chunk->length == 32) {
    for (gsize i = 0; i < G_N_ELEMENTS (colours->chromaticities); i++)
      colours->chromaticities[i] = image_be32 (chunk->data + 4 * i) / 100000.0;
  }
}

gboolean
image_colours_are_hdr (const ImageColours *colours)
{
  return colours->transfer == IMAGE_TRANSFER_PQ || colours->transfer == IMAGE_TRANSFER_HLG;
}

gboolean
image_png_read_colours (gconstpointer data, gsize size, ImageColours *colours)
{
  Reading reading = { .colours = { IMAGE_PRIMARIES_UNKNOWN, IMAGE_TRANSFER_UNKNOWN } };
  gsize end;

  if (image_kind (data, size) != IMAGE_KIND_PNG || !image_png_walk (data, size, read_chunk, &reading, &end, NULL))
    return FALSE;
  *colours = reading.colours;
  if (reading.has_cicp || reading.is_srgb) {
    colours->gamma = 0;
    memset (colours->chromaticities, 0, sizeof colours->chromaticities);
  }
  colours->beats_profile = reading.has_cicp;
  return reading.has_cicp || colours->gamma > 0 || colours->chromaticities[0] > 0;
}
