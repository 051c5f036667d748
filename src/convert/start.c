/* libvips, with one decoder. */
#define G_LOG_DOMAIN "contactfs"

#include <gmodule.h>

#include "config.h"
#include "convert/picture.h"
#include "convert/vips-image.h"

static const struct {
  const char *loader; /* vips's class: all others are barred */
  const char *module; /* where Debian keeps it; NULL: in libvips itself */
} decoders[] = {
  [IMAGE_KIND_JPEG] = { "VipsForeignLoadJpeg", NULL },   [IMAGE_KIND_PNG] = { "VipsForeignLoadPng", NULL },
  [IMAGE_KIND_GIF] = { "VipsForeignLoadNsgif", NULL },   [IMAGE_KIND_WEBP] = { "VipsForeignLoadWebp", NULL },
  [IMAGE_KIND_TIFF] = { "VipsForeignLoadTiff", NULL },   [IMAGE_KIND_BMP] = { "VipsForeignLoadMagick", "magick" },
  [IMAGE_KIND_HEIC] = { "VipsForeignLoadHeif", "heif" }, [IMAGE_KIND_AVIF] = { "VipsForeignLoadHeif", "heif" },
  [IMAGE_KIND_JXL] = { "VipsForeignLoadJxl", "jxl" },
};

/* A white pixel: ImageMagick loads its decoder when it first needs it. */
static const guint8 bmp[]
    = { 'B', 'M', 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,   1,   0,   24,
        0,   0,   0,  0, 0, 4, 0, 0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 0 };

/* libvips lists every step that failed, a line each; the last line is nearest to the cause. It is for people who know decoders.
 * libheif has no words for a picture that ends early, and a number in brackets alone. */
void
picture_set_error (GError **error, const char *what)
{
  g_auto (GStrv) lines = g_strsplit (g_strchomp ((char *)vips_error_buffer ()), "\n", -1);
  guint count = g_strv_length (lines);
  const char *reason = count > 0 ? g_strchug (lines[count - 1]) : "";

  if (reason[0] == '\0' || reason[0] == '(')
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "%s: it is cut off or damaged", what);
  else
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "%s: it is cut off, damaged or unusual (%s)", what, reason);
  vips_error_clear ();
}

static void
load_module (const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/vips-modules-%d.%d/vips-%s.so", CONTACTFS_VIPS_LIBDIR, vips_version (0),
                                           vips_version (1), name);
  GModule *module = g_module_open (path, G_MODULE_BIND_LAZY);

  if (module != NULL)
    g_module_make_resident (module);
  else
    g_debug ("%s", g_module_error ()); /* it may be in libvips itself */
}

gboolean
picture_start (const ImageKind *kinds, gsize count, GError **error)
{
  /* All its modules would double the time it takes to start, and be there for an attacker. Nothing goes to a disk, and no
   * code is written into memory. */
  g_setenv ("VIPSHOME", "/nonexistent", TRUE);
  g_setenv ("VIPS_DISC_THRESHOLD", "64g", TRUE);
  g_setenv ("VIPS_NOVECTOR", "1", TRUE);
  if (VIPS_INIT ("contactfs-convert") != 0) {
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED, "libvips does not start: %s", vips_error_buffer ());
    return FALSE;
  }
  vips_concurrency_set (1);
  vips_cache_set_max (0);
  vips_operation_block_set ("VipsForeignLoad", TRUE);
  for (gsize i = 0; i < count; i++) {
    if (decoders[kinds[i]].module != NULL)
      load_module (decoders[kinds[i]].module);
    vips_operation_block_set (decoders[kinds[i]].loader, FALSE);
    if (kinds[i] == IMAGE_KIND_BMP) {
      g_autoptr (VipsImage) warm G_GNUC_UNUSED = vips_image_new_from_buffer (bmp, sizeof bmp, "", NULL);

      vips_error_clear ();
    }
  }
  return TRUE;
}
