/* The only file of the helper that knows libvips. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/picture.h"

#include <gmodule.h>
#include <math.h>
#include <string.h>
#include <vips/vips.h>

#include "config.h"
#include "image/header.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VipsImage, g_object_unref) /* vips 8.14 has none */

static void
array_free (VipsArrayDouble *array)
{
  vips_area_unref (VIPS_AREA (array));
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VipsArrayDouble, array_free)

#define QUALITY 90

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

/* libvips lists every step that failed, a line each; the last line is nearest to the cause. */
static void
set_error (GError **error, const char *what)
{
  g_auto (GStrv) lines = g_strsplit (g_strchomp ((char *)vips_error_buffer ()), "\n", -1);
  guint count = g_strv_length (lines);

  g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "%s%s%s", what, count > 0 ? ": " : "",
               count > 0 ? lines[count - 1] : "");
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
    set_error (error, "libvips does not start");
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

/* ---- convert ---- */

typedef struct {
  int width;
  int height;
  int pages;
  int orientation;
  gboolean has_profile;
  gboolean has_alpha;
  VipsInterpretation colours;
  VipsBandFormat format;
} Source;

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
read_source (gconstpointer data, gsize size, Source *source, GError **error)
{
  g_autoptr (VipsImage) image = vips_image_new_from_buffer (data, size, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);

  if (image == NULL) {
    set_error (error, "cannot be read");
    return FALSE;
  }
  source->width = vips_image_get_width (image);
  source->height = vips_image_get_height (image);
  source->pages = vips_image_get_n_pages (image);
  source->orientation = vips_image_get_orientation (image);
  source->has_profile = has_fitting_profile (image);
  source->has_alpha = vips_image_hasalpha (image);
  source->colours = vips_image_get_interpretation (image);
  source->format = vips_image_get_format (image);
  if ((guint64)source->width * (guint64)source->height > MAX_PIXELS) {
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                 "has %d × %d pixels, which is more than can be unpacked; make it smaller first", source->width,
                 source->height);
    return FALSE;
  }
  if (image_kind (data, size) == IMAGE_KIND_TIFF && vips_format_sizeof (source->format) > 2) {
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                 "is a TIFF with %d bits a colour, of which programs make different pictures; save it with 8 or 16",
                 (int)vips_format_sizeof (source->format) * 8);
    return FALSE;
  }
  return TRUE;
}

/* vips_thumbnail_buffer would take its own CMYK for the profile's. NULL: vips has the error. */
static VipsImage *
load_cmyk (gconstpointer data, gsize size, int side)
{
  g_autoptr (VipsImage) stored = vips_image_new_from_buffer (data, size, "", "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
  g_autoptr (VipsImage) shown = NULL;
  VipsImage *image = NULL;

  if (stored == NULL || vips_icc_transform (stored, &shown, "srgb", "embedded", TRUE, NULL) != 0
      || vips_thumbnail_image (shown, &image, side, "height", side, "size", VIPS_SIZE_DOWN, NULL) != 0)
    return NULL;
  return image;
}

/* Decoded, upright and not larger than the limit; colours by its profile, if it has one. NULL: vips has the error. */
static VipsImage *
load (gconstpointer data, gsize size, const Source *source, int side)
{
  VipsImage *image = NULL;
  gboolean is_cmyk = source->colours == VIPS_INTERPRETATION_CMYK, by_profile = source->has_profile || is_cmyk;
  int failed;

  if (is_cmyk && source->has_profile)
    return load_cmyk (data, size, side);
  failed = vips_thumbnail_buffer ((void *)data, size, &image, side, "height", side, "size", VIPS_SIZE_DOWN, "fail_on",
                                  VIPS_FAIL_ON_TRUNCATED, by_profile ? "export_profile" : NULL, "srgb", NULL);

  return failed == 0 ? image : NULL;
}

/* *image is replaced by what operation makes of it. */
#define STEP(image, operation, ...)                                                                                    \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    VipsImage *step = NULL;                                                                                            \
    if (operation (*(image), &step, __VA_ARGS__) != 0)                                                                 \
      return FALSE;                                                                                                    \
    g_object_unref (*(image));                                                                                         \
    *(image) = step;                                                                                                   \
  }                                                                                                                    \
  G_STMT_END

/* 8 bits, grey or sRGB, no alpha. */
static gboolean
make_plain (VipsImage **image)
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

static GBytes *
encode (VipsImage *image, GError **error)
{
  void *data = NULL;
  gsize size = 0;

  if (vips_jpegsave_buffer (image, &data, &size, "Q", QUALITY, NULL) != 0) {
    set_error (error, "cannot be made into a JPEG");
    return NULL;
  }
  return g_bytes_new_take (data, size);
}

/* Smaller and smaller until it fits. */
static GBytes *
encode_within (VipsImage **image, gsize max_bytes, GError **error)
{
  for (;;) {
    g_autoptr (GBytes) jpeg = encode (*image, error);
    VipsImage *smaller = NULL;

    if (jpeg == NULL || g_bytes_get_size (jpeg) <= max_bytes)
      return g_steal_pointer (&jpeg);
    if (vips_image_get_width (*image) < 32 && vips_image_get_height (*image) < 32) {
      g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED, "does not fit into %" G_GSIZE_FORMAT " bytes",
                   max_bytes);
      return NULL;
    }
    if (vips_resize (*image, &smaller, 0.95 * sqrt ((double)max_bytes / (double)g_bytes_get_size (jpeg)), NULL) != 0) {
      set_error (error, "cannot be made smaller");
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
  if (vips_image_get_width (image) != width)
    g_ptr_array_add (phrases, g_strdup_printf ("scaled from %d × %d to %d × %d pixels to fit the limits", width, height,
                                               vips_image_get_width (image), vips_image_get_height (image)));
  if (source->colours == VIPS_INTERPRETATION_CMYK)
    g_ptr_array_add (phrases, g_strdup ("brought from CMYK to sRGB"));
  else if (source->has_profile)
    g_ptr_array_add (phrases, g_strdup ("brought from its colour profile to sRGB"));
  if (source->format != VIPS_FORMAT_UCHAR)
    g_ptr_array_add (phrases, g_strdup ("brought to 8 bits a colour"));
  if (source->has_alpha)
    g_ptr_array_add (phrases, g_strdup ("put on white, since a JPEG has no transparency"));
  if (source->pages > 1 && (kind == IMAGE_KIND_GIF || kind == IMAGE_KIND_WEBP || kind == IMAGE_KIND_TIFF))
    g_ptr_array_add (phrases, g_strdup_printf ("reduced to the first of its %d pictures", source->pages));
}

GBytes *
picture_convert (gconstpointer data, gsize size, const PictureLimits *limits, GPtrArray *phrases, GError **error)
{
  Source source;
  g_autoptr (VipsImage) image = NULL, memory = NULL, made = NULL;
  g_autoptr (GBytes) jpeg = NULL;

  if (!read_source (data, size, &source, error))
    return NULL;
  image = load (data, size, &source, limits->side);
  memory = image != NULL && turn_png (&image, data, size, &source) && make_plain (&image)
               ? vips_image_copy_memory (image)
               : NULL;
  if (memory == NULL) {
    set_error (error, "does not decode to its end");
    return NULL;
  }
  /* image stays: of a HEIC, libvips 8.14 leaves the metadata where it dies with the image that was loaded. */
  if (vips_copy (memory, &made, NULL) != 0) {
    set_error (error, "cannot be made into a JPEG");
    return NULL;
  }
  vips_image_remove (made, VIPS_META_ORIENTATION);
  vips_image_remove (made, "jpeg-thumbnail-data"); /* of how it was before */
  jpeg = encode_within (&made, limits->bytes, error);
  if (jpeg != NULL)
    describe (&source, made, image_kind (data, size), phrases);
  return g_steal_pointer (&jpeg);
}

/* ---- compare ---- */

#define GRID             32
#define LEAST_LIKENESS   0.97
#define FLAT             2.0 /* standard deviation */
#define LARGEST_DISTANCE 8.0 /* mean absolute difference, of 255 */

/* GRID × GRID levels of grey of the middle part that has the shape of width × height. */
static gboolean
sample (gconstpointer data, gsize size, int width, int height, double *levels)
{
  int longer = MAX (width, height);
  g_autoptr (VipsImage) image = NULL;
  g_autofree guint8 *pixels = NULL;
  gsize length;

  if (vips_thumbnail_buffer ((void *)data, size, &image, MAX (4 * GRID * width / longer, 1), "height",
                             MAX (4 * GRID * height / longer, 1), "crop", VIPS_INTERESTING_CENTRE, NULL)
          != 0
      || !make_plain (&image))
    return FALSE;
  STEP (&image, vips_thumbnail_image, GRID, "height", GRID, "size", VIPS_SIZE_FORCE, NULL);
  STEP (&image, vips_colourspace, VIPS_INTERPRETATION_B_W, NULL);
  pixels = vips_image_write_to_memory (image, &length);
  if (pixels == NULL || length < GRID * GRID)
    return FALSE;
  for (int i = 0; i < GRID * GRID; i++)
    levels[i] = pixels[i];
  return TRUE;
}

static gboolean
are_alike (const double *a, const double *b)
{
  double count = GRID * GRID, sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0, distance = 0;

  for (int i = 0; i < GRID * GRID; i++) {
    sum_a += a[i];
    sum_b += b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
    distance += fabs (a[i] - b[i]);
  }
  if (distance / count > LARGEST_DISTANCE)
    return FALSE;
  aa = sqrt (MAX (aa / count - sum_a / count * (sum_a / count), 0));
  bb = sqrt (MAX (bb / count - sum_b / count * (sum_b / count), 0));
  if (aa < FLAT || bb < FLAT)
    return aa < FLAT && bb < FLAT;
  return (ab / count - sum_a / count * (sum_b / count)) / (aa * bb) > LEAST_LIKENESS;
}

gboolean
picture_compare (gconstpointer data, gsize size, gconstpointer second, gsize second_size, gboolean *same,
                 GError **error)
{
  double a[GRID * GRID], b[GRID * GRID];
  Source source;
  gboolean lies;

  if (!read_source (data, size, &source, error))
    return FALSE;
  lies = source.orientation >= 5;
  if (!sample (data, size, lies ? source.height : source.width, lies ? source.width : source.height, a)
      || !sample (second, second_size, lies ? source.height : source.width, lies ? source.width : source.height, b)) {
    set_error (error, "cannot be compared");
    return FALSE;
  }
  *same = are_alike (a, b);
  return TRUE;
}
