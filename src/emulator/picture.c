/* Pictures, by libvips. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/picture.h"

#include <vips/vips.h>

#include "config.h"

#ifndef HAVE_VIPS_AUTOPTR /* 8.14 */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VipsImage, g_object_unref)
#endif

#define FULL_SIZE                                                                                                      \
  720 /* a side of what an upload becomes: that Google makes it smaller is known, how small is a guess */
#define SVG_WIDTH 720.0 /* of every drawing here */

/* A refused picture is an answer, not a warning: the caller gets the words. */
static void
demote_message (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_debug ("%s: %s", domain, message);
}

static gpointer
start_vips (gpointer data)
{
  g_log_set_handler ("VIPS", G_LOG_LEVEL_WARNING, demote_message, NULL);
  if (VIPS_INIT ("people-emulator") != 0)
    g_error ("libvips does not start: %s", vips_error_buffer ());
  vips_concurrency_set (1); /* the workers are the parallelism */
  vips_cache_set_max (0);   /* results are cached as they go out; sources hardly repeat */
  return NULL;
}

/* With the first picture: libvips loads all its modules, which takes as long as the rest of our start. */
void
picture_prepare (void)
{
  static GOnce once = G_ONCE_INIT;

  g_once (&once, start_vips, NULL);
}

static void
set_error (GError **error)
{
  g_autofree char *text = g_strchomp (g_strdup (vips_error_buffer ()));

  vips_error_clear ();
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s", *text != '\0' ? text : "not a picture");
}

const char *
picture_type (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (size >= 3 && memcmp (data, "\xff\xd8\xff", 3) == 0)
    return "image/jpeg";
  if (size >= 8 && memcmp (data, "\x89PNG\r\n\x1a\n", 8) == 0)
    return "image/png";
  return "application/octet-stream";
}

gboolean
picture_check (GBytes *bytes, GError **error)
{
  const char *type = picture_type (bytes);
  g_autoptr (VipsImage) image = NULL;
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  double average;

  if (!g_str_has_prefix (type, "image/")) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "neither JPEG nor PNG");
    return FALSE;
  }
  picture_prepare ();
  image = vips_image_new_from_buffer (data, size, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_TRUNCATED, NULL);
  /* The average needs every pixel, so it meets a cut-off end. */
  if (image == NULL || vips_avg (image, &average, NULL) != 0) {
    set_error (error);
    return FALSE;
  }
  return TRUE;
}

static GBytes *
encode (VipsImage *image, gboolean png, GError **error)
{
  void *data = NULL;
  gsize size = 0;
  int failed = png ? vips_pngsave_buffer (image, &data, &size, "strip", TRUE, NULL)
                   : vips_jpegsave_buffer (image, &data, &size, "Q", 88, "strip", TRUE, NULL);

  if (failed != 0) {
    set_error (error);
    return NULL;
  }
  return g_bytes_new_take (data, size);
}

static gboolean
is_png (GBytes *bytes)
{
  return g_str_equal (picture_type (bytes), "image/png");
}

GBytes *
picture_resize (GBytes *bytes, const PictureSize *size, GError **error)
{
  g_autoptr (VipsImage) image = NULL;
  gsize length;
  void *data = (void *)g_bytes_get_data (bytes, &length);

  picture_prepare ();
  if (vips_thumbnail_buffer (data, length, &image, size->width, "height", size->height, "size", VIPS_SIZE_DOWN, "crop",
                             size->crop ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE, NULL)
      != 0) {
    set_error (error);
    return NULL;
  }
  return encode (image, is_png (bytes), error);
}

GBytes *
picture_reencode (GBytes *bytes, GError **error)
{
  g_autoptr (VipsImage) image = NULL;
  g_autoptr (VipsImage) flat = NULL;
  const double white[] = { 255, 255, 255 };
  VipsArrayDouble *background;
  gsize length;
  int failed;
  void *data = (void *)g_bytes_get_data (bytes, &length);

  picture_prepare ();
  background = vips_array_double_new (white, G_N_ELEMENTS (white));
  failed = vips_thumbnail_buffer (data, length, &image, FULL_SIZE, "height", FULL_SIZE, "size", VIPS_SIZE_DOWN, NULL);
  if (failed == 0 && vips_image_hasalpha (image))
    failed = vips_flatten (image, &flat, "background", background, NULL);
  vips_area_unref (VIPS_AREA (background));
  if (failed != 0) {
    set_error (error);
    return NULL;
  }
  return encode (flat != NULL ? flat : image, FALSE, error);
}

GBytes *
picture_from_svg (const char *svg, int width, PictureFormat format, GError **error)
{
  g_autoptr (VipsImage) drawn = NULL;
  g_autoptr (VipsImage) flat = NULL;

  picture_prepare ();
  if (vips_svgload_buffer ((void *)svg, strlen (svg), &drawn, "scale", width / SVG_WIDTH, NULL) != 0
      || vips_flatten (drawn, &flat, NULL) != 0) {
    set_error (error);
    return NULL;
  }
  return encode (flat, format == PICTURE_PNG, error);
}
