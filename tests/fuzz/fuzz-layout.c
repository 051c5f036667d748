/* Any bytes as a TIFF: the walk stays inside, ends, and what it finds is there. */
#define G_LOG_DOMAIN "contactfs"

#include "image/layout.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  ImageTiff tiff;

  if (!image_tiff_read (data, size, &tiff))
    return 0;
  g_assert_true (tiff.offset < size && tiff.page >= 0 && tiff.part >= -1 && tiff.pictures >= 0);
  g_assert_true (tiff.pictures > 0 || (tiff.page == 0 && tiff.part == -1));
  return 0;
}
