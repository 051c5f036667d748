/* Any bytes as a picture's headers: reading them, setting it upright and stripping it stay inside, and what is made of a
 * whole picture is a whole picture. */
#define G_LOG_DOMAIN "contactfs"

#include "image/exif.h"
#include "image/header.h"
#include "image/trailer.h"

#include "fuzz.h"

static void
check_exif (const guint8 *data, gsize size)
{
  g_autofree guint8 *tiff = g_memdup2 (data, size);
  guint orientation = image_exif_orientation (tiff, size);

  g_assert_true (orientation >= 1 && orientation <= 8);
  image_exif_is_orientation_alone (tiff, size);
  image_exif_set_upright (tiff, size);
  g_assert_cmpuint (image_exif_orientation (tiff, size), ==, 1);
}

/* What lies between segments, and behind the end. */
static void
check_mending (GBytes *bytes, gboolean whole)
{
  gsize size, count = 0, end;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GBytes) mended = image_jpeg_without_junk (data, size, &count), alone = image_forget_trailer (bytes),
                     again = NULL;
  ImageHeader before, after;

  g_assert_true (mended == NULL || (!whole && count > 0 && g_bytes_get_size (mended) == size - count));
  g_assert_true (mended == NULL
                 || image_check_upload (g_bytes_get_data (mended, NULL), g_bytes_get_size (mended), NULL));
  if (!whole || !image_read_header (data, size, &before, NULL) || before.kind != IMAGE_KIND_JPEG) {
    g_assert_true (alone == bytes);
    return;
  }
  end = g_bytes_get_size (alone);
  g_assert_true (image_read_header (g_bytes_get_data (alone, NULL), end, &after, NULL));
  g_assert_true (after.end == end && after.width == before.width && after.height == before.height);
  g_assert_true (image_trailer_name (g_bytes_get_data (alone, NULL), end) == NULL);
  again = image_forget_trailer (alone);
  g_assert_true (g_bytes_equal (again, alone));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size), stripped = image_strip (bytes), again = NULL;
  ImageHeader header, after;
  gboolean whole = image_read_header (data, size, &header, NULL);

  check_exif (data, size);
  check_mending (bytes, whole);
  g_assert_true (whole == image_check_upload (data, size, NULL));
  if (!whole) {
    g_assert_true (stripped == bytes);
    return 0;
  }
  g_assert_true (header.end <= size && header.exif_offset + header.exif_size <= header.end);
  check_exif (data + header.exif_offset, header.exif_size);
  again = image_strip (stripped);
  g_assert_true (again == stripped);
  g_assert_true (image_read_header (g_bytes_get_data (stripped, NULL), g_bytes_get_size (stripped), &after, NULL));
  g_assert_true (after.width == header.width && after.height == header.height && after.orientation == 1);
  g_assert_true (header.kind != IMAGE_KIND_JPEG
                 || image_jpeg_is_too_short (data, size)
                        == image_jpeg_is_too_short (g_bytes_get_data (stripped, NULL), g_bytes_get_size (stripped)));
  g_assert_true (after.end == g_bytes_get_size (stripped));
  return 0;
}
