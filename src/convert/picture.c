/* Decoding, and encoding what comes of it. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/picture.h"

#include <gmodule.h>
#include <math.h>
#include <string.h>

#include "config.h"
#include "convert/heif.h"
#include "convert/tiff.h"
#include "convert/vips-image.h"
#include "image/header.h"

#ifndef HAVE_VIPS_AUTOPTR /* 8.14 */
static void
array_free (VipsArrayDouble *array)
{
  vips_area_unref (VIPS_AREA (array));
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VipsArrayDouble, array_free)
#endif

#define QUALITY 90
#define STRIP   64 /* rows */

/* 256 million: the largest that telephones make. What is larger would only die of the memory limit, without words. */
#define MAX_PIXELS ((guint64)256 * 1000 * 1000)

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

/* libvips lists every step that failed, a line each; the last line is nearest to the cause. libheif has no words for a picture
 * that ends early, and a number in brackets alone. */
void
picture_set_error (GError **error, const char *what)
{
  g_auto (GStrv) lines = g_strsplit (g_strchomp ((char *)vips_error_buffer ()), "\n", -1);
  guint count = g_strv_length (lines);
  const char *reason = count > 0 ? g_strchug (lines[count - 1]) : "";

  if (reason[0] == '\0' || reason[0] == '(')
    reason = "it is cut off or damaged";
  g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "%s: %s", what, reason);
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
    picture_set_error (error, "libvips does not start");
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

/* ---- what it is ---- */

void
source_clear (Source *self)
{
  g_clear_object (&self->decoded);
}

/* Pictures are met with profiles of other colours than theirs, and every other program shows them without. */
static gboolean
has_fitting_profile (VipsImage *image)
{
  static const gsize where = 16; /* ICC.1, 7.2: the data colour space */
  const char *space = vips_image_get_bands (image) < 3 ? "GRAY" : "RGB ";
  gconstpointer profile;
  gsize size;

  if (vips_image_get_typeof (image, VIPS_META_ICC_NAME) == 0
      || vips_image_get_blob (image, VIPS_META_ICC_NAME, &profile, &size) != 0)
    return FALSE;
  if (vips_image_get_interpretation (image) == VIPS_INTERPRETATION_CMYK)
    space = "CMYK";
  return size >= where + 4 && memcmp ((const char *)profile + where, space, 4) == 0;
}

static gboolean
has_too_many_pixels (gint64 width, gint64 height, GError **error)
{
  if ((guint64)width * (guint64)height <= MAX_PIXELS)
    return FALSE;
  g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
               "has %" G_GINT64_FORMAT " × %" G_GINT64_FORMAT " pixels, which is more than can be unpacked; make it "
               "smaller first",
               width, height);
  return TRUE;
}

static VipsImage *
decode_tiff (Tiff *tiff, GError **error)
{
  TiffHeader header;
  g_autofree guint8 *pixels = NULL;
  VipsImage *image;

  tiff_read_header (tiff, &header);
  if (has_too_many_pixels (header.width, header.height, error))
    return NULL;
  pixels = tiff_read_pixels (tiff);
  image = pixels == NULL ? NULL
                         : vips_image_new_from_memory (pixels, (gsize)header.width * header.height * 3,
                                                       (int)header.width, (int)header.height, 3, VIPS_FORMAT_UCHAR);
  if (image == NULL) {
    picture_set_error (error, "does not decode to its end");
    return NULL;
  }
  image->Type = VIPS_INTERPRETATION_sRGB;
  vips_image_set_int (image, VIPS_META_ORIENTATION, header.orientation);
  vips_image_set_int (image, VIPS_META_N_PAGES, header.pages);
  if (header.profile != NULL)
    vips_image_set_blob_copy (image, VIPS_META_ICC_NAME, header.profile, header.profile_size);
  g_object_set_data_full (G_OBJECT (image), "pixels", g_steal_pointer (&pixels), g_free);
  return image;
}

/* Its header at least. */
static VipsImage *
open_picture (gconstpointer data, gsize size, Source *source, GError **error)
{
  g_autoptr (Tiff) tiff = image_kind (data, size) == IMAGE_KIND_TIFF ? tiff_open_ycbcr (data, size) : NULL;
  VipsImage *image;

  vips_error_clear (); /* libtiff speaks there too */
  if (tiff != NULL) {
    source->decoded = decode_tiff (tiff, error);
    return source->decoded != NULL ? g_object_ref (source->decoded) : NULL;
  }
  image = vips_image_new_from_buffer (data, size, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);
  if (image == NULL)
    picture_set_error (error, "cannot be read");
  return image;
}

static gboolean
is_heif (ImageKind kind)
{
  return kind == IMAGE_KIND_HEIC || kind == IMAGE_KIND_AVIF;
}

gboolean
source_read (gconstpointer data, gsize size, Source *source, GError **error)
{
  g_autoptr (VipsImage) image = open_picture (data, size, source, error);

  if (image == NULL)
    return FALSE;
  source->width = vips_image_get_width (image);
  source->height = vips_image_get_height (image);
  source->pages = vips_image_get_n_pages (image);
  source->orientation = vips_image_get_orientation (image);
  source->has_profile = has_fitting_profile (image);
  source->has_alpha = vips_image_hasalpha (image) && vips_image_get_coding (image) == VIPS_CODING_NONE;
  source->is_premultiplied
      = source->has_alpha && is_heif (image_kind (data, size)) && heif_is_premultiplied (data, size);
  source->colours = vips_image_get_interpretation (image);
  source->format = vips_image_get_format (image);
  if (has_too_many_pixels (source->width, source->height, error))
    return FALSE;
  if (image_kind (data, size) == IMAGE_KIND_TIFF && vips_format_sizeof (source->format) > 2) {
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                 "is a TIFF with %d bits a colour, of which programs make different pictures; save it with 8 or 16",
                 (int)vips_format_sizeof (source->format) * 8);
    return FALSE;
  }
  return TRUE;
}

/* ---- convert ---- */

static gboolean
is_lab (const Source *source)
{
  return source->colours == VIPS_INTERPRETATION_LAB || source->colours == VIPS_INTERPRETATION_LABQ
         || source->colours == VIPS_INTERPRETATION_LABS;
}

static gboolean
undo_premultiplication (VipsImage **image, VipsBandFormat format)
{
  STEP (image, vips_unpremultiply, NULL);
  STEP (image, vips_rint, NULL);
  STEP (image, vips_cast, format, NULL);
  return TRUE;
}

static gboolean
needs_load_all (const Source *source)
{
  return source->decoded != NULL || is_lab (source) || source->is_premultiplied
         || (source->colours == VIPS_INTERPRETATION_CMYK && (source->has_profile || source->has_alpha));
}

/* What vips_thumbnail_buffer cannot do: it would take its own CMYK for the profile's, multiply inks with transparency as if
 * they were light, multiply colours with alpha once more, and take a Lab of print (D50) for one of screens. NULL: vips has
 * the error. */
static VipsImage *
load_all (gconstpointer data, gsize size, const Source *source)
{
  g_autoptr (VipsImage) stored = NULL, lab = NULL;
  VipsImage *shown = NULL;
  int failed;

  if (source->decoded != NULL)
    return g_object_ref (source->decoded);
  stored = vips_image_new_from_buffer (data, size, "", "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
  if (stored == NULL)
    return NULL;
  if (source->is_premultiplied)
    return undo_premultiplication (&stored, source->format) ? g_steal_pointer (&stored) : NULL;
  if (is_lab (source))
    failed = vips_colourspace (stored, &lab, VIPS_INTERPRETATION_LAB, NULL) != 0
             || vips_icc_export (lab, &shown, "output_profile", "srgb", NULL) != 0;
  else
    failed
        = vips_icc_transform (stored, &shown, "srgb", "embedded", source->has_profile, "input_profile", "cmyk", NULL);
  return failed == 0 ? shown : NULL;
}

/* Decoded, upright and not larger than the limit; colours by its profile, if it has one. NULL: vips has the error. */
static VipsImage *
load (gconstpointer data, gsize size, const Source *source, int side)
{
  gboolean is_cmyk = source->colours == VIPS_INTERPRETATION_CMYK;
  const char *by_profile = source->has_profile || is_cmyk ? "export_profile" : NULL; /* NULL ends the options */
  g_autoptr (VipsImage) all = NULL;
  VipsImage *image = NULL;
  int failed;

  if (needs_load_all (source)) {
    all = load_all (data, size, source);
    failed
        = all == NULL
          || vips_thumbnail_image (all, &image, side, "height", side, "size", VIPS_SIZE_DOWN, by_profile, "srgb", NULL)
                 != 0;
  } else {
    failed = vips_thumbnail_buffer ((void *)data, size, &image, side, "height", side, "size", VIPS_SIZE_DOWN, "fail_on",
                                    VIPS_FAIL_ON_TRUNCATED, by_profile, "srgb", NULL);
  }
  return failed == 0 ? image : NULL;
}

gboolean
picture_make_plain (VipsImage **image)
{
  double white[] = { 255, 255, 255 };
  VipsInterpretation colours = vips_image_get_interpretation (*image);
  gboolean is_grey = colours == VIPS_INTERPRETATION_B_W || colours == VIPS_INTERPRETATION_GREY16;

  if (colours == VIPS_INTERPRETATION_MULTIBAND)
    is_grey = vips_image_get_bands (*image) < 3;
  STEP (image, vips_colourspace, is_grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL);
  if (vips_image_hasalpha (*image)) {
    g_autoptr (VipsArrayDouble) background = vips_array_double_new (white, is_grey ? 1 : 3);

    STEP (image, vips_flatten, "background", background, NULL);
  }
  if (vips_image_get_format (*image) != VIPS_FORMAT_UCHAR)
    STEP (image, vips_cast, VIPS_FORMAT_UCHAR, NULL);
  if (vips_image_get_bands (*image) > (is_grey ? 1 : 3))
    STEP (image, vips_extract_band, 0, "n", is_grey ? 1 : 3, NULL);
  return TRUE;
}

/* A PNG's eXIf is not known to every version of libvips. */
static gboolean
turn_png (VipsImage **image, gconstpointer data, gsize size, Source *source)
{
  static const VipsAngle angles[] = { [3] = VIPS_ANGLE_D180, [4] = VIPS_ANGLE_D180, [5] = VIPS_ANGLE_D90,
                                      [6] = VIPS_ANGLE_D90,  [7] = VIPS_ANGLE_D270, [8] = VIPS_ANGLE_D270 };
  ImageHeader header;
  guint orientation;

  if (source->orientation != 1 || image_kind (data, size) != IMAGE_KIND_PNG
      || !image_read_header (data, size, &header, NULL) || header.orientation == 1)
    return TRUE;
  orientation = header.orientation;
  source->orientation = (int)orientation;
  if (orientation == 2 || orientation == 4 || orientation == 5 || orientation == 7) {
    STEP (image, vips_copy, NULL);
    if (orientation != 4) {
      STEP (image, vips_flip, VIPS_DIRECTION_HORIZONTAL, NULL);
      orientation = orientation == 2 ? 1 : orientation == 5 ? 8 : 6;
    } else {
      STEP (image, vips_flip, VIPS_DIRECTION_VERTICAL, NULL);
      orientation = 1;
    }
  }
  if (orientation > 1)
    STEP (image, vips_rot, angles[orientation], NULL);
  return TRUE;
}

/* To be encoded: each row is decoded when it is first asked for, and kept. In strips, since those find room in what the decoder
 * has given back by then: a copy in one piece would take new memory, which has to be cleared, and on a guest the host has to
 * find it first. FALSE: vips has the error. */
static gboolean
prepare (VipsImage **image)
{
  STEP (image, vips_tilecache, "tile_width", vips_image_get_width (*image), "tile_height", STRIP, "max_tiles", -1,
        "persistent", TRUE, NULL);
  vips_image_remove (*image, VIPS_META_ORIENTATION);
  vips_image_remove (*image, "jpeg-thumbnail-data"); /* of how it was before */
  return TRUE;
}

static GBytes *
encode (VipsImage *image, const char *trouble, GError **error)
{
  void *data = NULL;
  gsize size = 0;

  if (vips_jpegsave_buffer (image, &data, &size, "Q", QUALITY, NULL) != 0) {
    picture_set_error (error, trouble);
    return NULL;
  }
  return g_bytes_new_take (data, size);
}

/* Smaller and smaller until it fits. */
static GBytes *
encode_within (VipsImage **image, gsize max_bytes, GError **error)
{
  const char *trouble = "does not decode to its end"; /* the first time; after that it is all there */

  for (;; trouble = "cannot be made into a JPEG") {
    g_autoptr (GBytes) jpeg = encode (*image, trouble, error);
    VipsImage *smaller = NULL;

    if (jpeg == NULL || g_bytes_get_size (jpeg) <= max_bytes)
      return g_steal_pointer (&jpeg);
    if (vips_image_get_width (*image) < 32 && vips_image_get_height (*image) < 32) {
      g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED, "does not fit into %" G_GSIZE_FORMAT " bytes",
                   max_bytes);
      return NULL;
    }
    if (vips_resize (*image, &smaller, 0.95 * sqrt ((double)max_bytes / (double)g_bytes_get_size (jpeg)), NULL) != 0) {
      picture_set_error (error, "cannot be made smaller");
      return NULL;
    }
    g_object_unref (*image);
    *image = smaller;
  }
}

static void
describe (const Source *source, VipsImage *image, ImageKind kind, GPtrArray *phrases)
{
  gboolean lies = source->orientation >= 5;
  int width = lies ? source->height : source->width;
  int height = lies ? source->width : source->height;

  if (source->orientation > 1)
    g_ptr_array_add (phrases, g_strdup_printf ("turned upright (its EXIF orientation was %d)", source->orientation));
  if (vips_image_get_width (image) != width || vips_image_get_height (image) != height)
    g_ptr_array_add (phrases, g_strdup_printf ("scaled from %d × %d to %d × %d pixels to fit the limits", width, height,
                                               vips_image_get_width (image), vips_image_get_height (image)));
  if (source->colours == VIPS_INTERPRETATION_CMYK)
    g_ptr_array_add (phrases, g_strdup ("brought from CMYK to sRGB"));
  else if (source->has_profile)
    g_ptr_array_add (phrases, g_strdup ("brought from its colour profile to sRGB"));
  if (source->format != VIPS_FORMAT_UCHAR)
    g_ptr_array_add (phrases, g_strdup ("brought to 8 bits a colour"));
  if (is_lab (source))
    g_ptr_array_add (phrases, g_strdup ("brought from Lab to sRGB"));
  if (source->has_alpha)
    g_ptr_array_add (phrases, g_strdup ("put on white, since a JPEG has no transparency"));
  if (source->pages > 1 && (kind == IMAGE_KIND_GIF || kind == IMAGE_KIND_WEBP || kind == IMAGE_KIND_TIFF))
    g_ptr_array_add (phrases, g_strdup_printf ("reduced to the first of its %d pictures", source->pages));
}

GBytes *
picture_convert (gconstpointer data, gsize size, const PictureLimits *limits, GPtrArray *phrases, GError **error)
{
  g_auto (Source) source = { .decoded = NULL };
  g_autoptr (VipsImage) image = NULL;
  g_autoptr (GBytes) jpeg = NULL;

  if (!source_read (data, size, &source, error))
    return NULL;
  image = load (data, size, &source, limits->side);
  if (image == NULL || !turn_png (&image, data, size, &source) || !picture_make_plain (&image) || !prepare (&image)) {
    picture_set_error (error, "does not decode to its end");
    return NULL;
  }
  jpeg = encode_within (&image, limits->bytes, error);
  if (jpeg != NULL)
    describe (&source, image, image_kind (data, size), phrases);
  return g_steal_pointer (&jpeg);
}
