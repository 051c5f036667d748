/* Decoding, and encoding what comes of it. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/picture.h"

#include <math.h>
#include <string.h>

#include "convert/vips-image.h"
#include "image/exif.h"

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
  return source->decoded != NULL || is_lab (source) || source->is_premultiplied || source->has_empty_alpha
         || source->page > 0 || source->part >= 0 || source->profile != NULL
         || (source->colours == VIPS_INTERPRETATION_CMYK && (source->has_profile || source->has_alpha));
}

static gboolean
make_plain_light (VipsImage **image, const Source *source)
{
  if (source->has_empty_alpha)
    STEP (image, vips_extract_band, 0, "n", vips_image_get_bands (*image) - 1, NULL);
  if (source->is_premultiplied && !undo_premultiplication (image, source->format))
    return FALSE;
  if (is_lab (source)) {
    STEP (image, vips_colourspace, VIPS_INTERPRETATION_LAB, NULL);
    STEP (image, vips_icc_export, "output_profile", "srgb", NULL);
  } else if (source->colours == VIPS_INTERPRETATION_CMYK) {
    STEP (image, vips_icc_transform, "srgb", "embedded", source->has_profile, "input_profile", "cmyk", NULL);
  }
  if (source->profile != NULL) {
    gsize size;
    gconstpointer profile = g_bytes_get_data (source->profile, &size);

    STEP (image, vips_copy, NULL);
    vips_image_set_blob_copy (*image, VIPS_META_ICC_NAME, profile, size);
  }
  return TRUE;
}

/* What vips_thumbnail_buffer cannot do: it would take its own CMYK for the profile's, multiply inks with transparency as if
 * they were light, multiply colours with alpha once more, take a Lab of print (D50) for one of screens, believe an alpha
 * that is not meant, take a TIFF's first directory whatever is in it, and know no colours but by profiles. NULL: vips has the
 * error. */
static VipsImage *
load_all (gconstpointer data, gsize size, const Source *source)
{
  g_autoptr (VipsImage) stored = NULL;

  if (source->decoded != NULL)
    return g_object_ref (source->decoded);
  stored = source_open (data, size, source, VIPS_ACCESS_RANDOM);
  return stored != NULL && make_plain_light (&stored, source) ? g_steal_pointer (&stored) : NULL;
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

static gboolean
tells_orientation_alone (VipsImage *image)
{
  static const char magic[6] = "Exif\0";
  const guint8 *tiff;
  gconstpointer data;
  gsize size;

  if (vips_image_get_typeof (image, VIPS_META_EXIF_NAME) == 0
      || vips_image_get_blob (image, VIPS_META_EXIF_NAME, &data, &size) != 0)
    return FALSE;
  tiff = data;
  if (size > sizeof magic && memcmp (tiff, magic, sizeof magic) == 0)
    tiff += sizeof magic, size -= sizeof magic;
  return image_exif_is_orientation_alone (tiff, size);
}

/* What EXIF says of a thumbnail goes with it. And of an EXIF that told the orientation alone libvips would make one that lacks
 * half of what EXIF asks for; of none, a whole one. */
static void
tidy_exif (VipsImage *image)
{
  g_auto (GStrv) fields = vips_image_get_fields (image);
  const char *which = tells_orientation_alone (image) ? "exif-" : "exif-ifd1-";

  vips_image_remove (image, VIPS_META_ORIENTATION);
  vips_image_remove (image, "jpeg-thumbnail-data"); /* of how it was before */
  for (char **field = fields; *field != NULL; field++)
    if (g_str_has_prefix (*field, which))
      vips_image_remove (image, *field);
}

/* To be encoded: each row is decoded when it is first asked for, and kept. In strips, since those find room in what the decoder
 * has given back by then: a copy in one piece would take new memory, which has to be cleared, and on a guest the host has to
 * find it first. FALSE: vips has the error. */
static gboolean
prepare (VipsImage **image, const Source *source)
{
  STEP (image, vips_tilecache, "tile_width", vips_image_get_width (*image), "tile_height", STRIP, "max_tiles", -1,
        "persistent", TRUE, NULL);
  tidy_exif (*image);
  if (!source->has_profile && source->colours != VIPS_INTERPRETATION_CMYK && !is_lab (source))
    vips_image_remove (*image, VIPS_META_ICC_NAME); /* it was not applied */
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
  else if (source->profile != NULL)
    g_ptr_array_add (phrases, g_strdup (source->profile_phrase));
  else if (source->has_profile)
    g_ptr_array_add (phrases, g_strdup ("brought from its colour profile to sRGB"));
  if (source->format != VIPS_FORMAT_UCHAR)
    g_ptr_array_add (phrases, g_strdup ("brought to 8 bits a colour"));
  if (is_lab (source))
    g_ptr_array_add (phrases, g_strdup ("brought from Lab to sRGB"));
  if (source->has_empty_alpha)
    g_ptr_array_add (phrases, g_strdup ("shown without its transparency, which is everywhere"));
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
  if (image == NULL || !picture_make_plain (&image) || !prepare (&image, &source)) {
    picture_set_error (error, "does not decode to its end");
    return NULL;
  }
  jpeg = encode_within (&image, limits->bytes, error);
  if (jpeg != NULL)
    describe (&source, image, image_kind (data, size), phrases);
  return g_steal_pointer (&jpeg);
}
