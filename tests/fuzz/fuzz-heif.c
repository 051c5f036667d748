/* Any bytes as a HEIF file: the walk through its boxes stays inside, and says of colours only what code points can be. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/heif.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  ImageColours colours = { 0 };
  gboolean told = heif_read_colours (data, size, &colours);

  g_assert_true (!told || (colours.primaries <= G_MAXUINT16 && colours.transfer <= G_MAXUINT16));
  g_assert_true (told || (colours.primaries == 0 && colours.transfer == 0));
  g_assert_true (!heif_is_premultiplied (data, size) || size > 40); /* meta, pitm, iref and prem take that much */
  return 0;
}
