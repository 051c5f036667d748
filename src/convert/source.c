/* What a picture says of itself, and opening it. */
#define G_LOG_DOMAIN "contactfs"

#include <math.h>
#include <string.h>

#include "convert/heif.h"
#include "convert/profile.h"
#include "convert/tiff.h"
#include "convert/vips-image.h"
#include "image/layout.h"

/* 256 million: the largest that telephones make. What is larger would only die of the memory limit, without words. */
#define MAX_PIXELS ((guint64)256 * 1000 * 1000)

void
source_clear (Source *self)
{
  g_clear_object (&self->decoded);
  g_clear_pointer (&self->profile, g_bytes_unref);
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
  if (header.profile != NULL)
    vips_image_set_blob_copy (image, VIPS_META_ICC_NAME, header.profile, header.profile_size);
  g_object_set_data_full (G_OBJECT (image), "pixels", g_steal_pointer (&pixels), g_free);
  return image;
}

VipsImage *
source_open (gconstpointer data, gsize size, const Source *source, VipsAccess access)
{
  if (source->page > 0 || source->part >= 0)
    return vips_image_new_from_buffer (data, size, "", "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, "page",
                                       source->page, "subifd", source->part, NULL);
  return vips_image_new_from_buffer (data, size, "", "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
}

/* Its header at least. */
static VipsImage *
open_picture (gconstpointer data, gsize size, const ImageTiff *layout, Source *source, GError **error)
{
  g_autoptr (Tiff) tiff = layout != NULL ? tiff_open_ycbcr (data, size, layout->offset) : NULL;
  VipsImage *image;

  vips_error_clear (); /* libtiff speaks there too */
  if (tiff != NULL) {
    source->decoded = decode_tiff (tiff, error);
    return source->decoded != NULL ? g_object_ref (source->decoded) : NULL;
  }
  image = source_open (data, size, source, VIPS_ACCESS_SEQUENTIAL);
  if (image == NULL)
    picture_set_error (error, "cannot be read");
  return image;
}

/* The largest of its samples; of its alpha alone, if so asked. Decodes it once for that. Infinite when it does not decode, which
 * will be met again. */
static double
find_brightest (gconstpointer data, gsize size, const Source *source, gboolean of_alpha)
{
  g_autoptr (VipsImage) image = source_open (data, size, source, VIPS_ACCESS_SEQUENTIAL), part = NULL;
  int last = image != NULL ? vips_image_get_bands (image) - 1 : 0;
  int first = of_alpha ? last : 0, count = of_alpha || !source->has_alpha ? last + 1 - first : last;
  double most = 0;

  if (image == NULL || vips_extract_band (image, &part, first, "n", count, NULL) != 0
      || vips_max (part, &most, NULL) != 0) {
    vips_error_clear ();
    return HUGE_VAL;
  }
  return most;
}

/* A BMP's alpha is often there and never meant: what shows BMPs ignores one that is empty. A photo that shows nothing is not
 * what anybody wanted. */
static gboolean
check_alpha (gconstpointer data, gsize size, Source *source, GError **error)
{
  if (!source->has_alpha || find_brightest (data, size, source, TRUE) > 0)
    return TRUE;
  source->has_alpha = FALSE;
  source->has_empty_alpha = TRUE;
  if (image_kind (data, size) == IMAGE_KIND_BMP)
    return TRUE;
  g_set_error_literal (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                       "is transparent everywhere, so that nothing of it would be seen; save it without transparency");
  return FALSE;
}

static gboolean
is_heif (ImageKind kind)
{
  return kind == IMAGE_KIND_HEIC || kind == IMAGE_KIND_AVIF;
}

/* Of ten bits and more without a word on their meaning, which cameras never write, some are HDR whose words were lost: shown as
 * they are they would be dark, and nobody can tell. PQ's 1000 nits are 75 % of its numbers. */
static gboolean
check_meaning (gconstpointer data, gsize size, const Source *source, GError **error)
{
  const double darkest = 0.755 * G_MAXUINT16;
  ImageColours colours;

  if (!is_heif (image_kind (data, size)) || source->format != VIPS_FORMAT_USHORT || source->has_profile
      || (heif_read_colours (data, size, &colours) && colours.transfer != IMAGE_TRANSFER_UNKNOWN)
      || find_brightest (data, size, source, FALSE) > darkest)
    return TRUE;
  g_set_error (
      error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
      "has more than 8 bits a colour, is dark, and does not say whether that is meant or it is HDR; save it as JPEG");
  return FALSE;
}

static gboolean
read_colours (gconstpointer data, gsize size, ImageColours *colours)
{
  return is_heif (image_kind (data, size)) ? heif_read_colours (data, size, colours)
                                           : image_png_read_colours (data, size, colours);
}

/* Which profile leads from its colours to sRGB: its own, or one that is made for what it says in other words. An ICC profile is
 * before those but for HDR, which most profiles cannot tell. */
static void
choose_profile (VipsImage *image, gconstpointer data, gsize size, Source *source)
{
  gboolean is_grey = vips_image_get_bands (image) < 3;
  ImageColours colours;
  gconstpointer own;
  gsize own_size;

  source->has_profile = has_fitting_profile (image);
  if (source->colours == VIPS_INTERPRETATION_CMYK || source->decoded != NULL)
    return;
  if (read_colours (data, size, &colours)
      && (!source->has_profile || colours.beats_profile || image_colours_are_hdr (&colours))) {
    source->profile = profile_for_colours (&colours, is_grey, &source->profile_phrase);
    source->has_profile = source->profile != NULL;
  } else if (source->has_profile && vips_image_get_blob (image, VIPS_META_ICC_NAME, &own, &own_size) == 0) {
    source->profile = profile_for_hdr (own, own_size, &source->profile_phrase);
  }
}

gboolean
source_read (gconstpointer data, gsize size, Source *source, GError **error)
{
  ImageTiff tiff;
  gboolean is_tiff = image_tiff_read (data, size, &tiff);
  g_autoptr (VipsImage) image = NULL;

  source->page = is_tiff ? tiff.page : 0;
  source->part = is_tiff ? tiff.part : -1;
  image = open_picture (data, size, is_tiff ? &tiff : NULL, source, error);
  if (image == NULL)
    return FALSE;
  source->width = vips_image_get_width (image);
  source->height = vips_image_get_height (image);
  source->pages = is_tiff ? tiff.pictures : vips_image_get_n_pages (image);
  source->orientation = vips_image_get_orientation (image);
  source->has_alpha = vips_image_hasalpha (image) && vips_image_get_coding (image) == VIPS_CODING_NONE;
  source->is_premultiplied
      = source->has_alpha && is_heif (image_kind (data, size)) && heif_is_premultiplied (data, size);
  source->colours = vips_image_get_interpretation (image);
  choose_profile (image, data, size, source);
  source->format = vips_image_get_format (image);
  if (has_too_many_pixels (source->width, source->height, error))
    return FALSE;
  if (is_tiff && vips_format_sizeof (source->format) > 2) {
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                 "is a TIFF with %d bits a colour, of which programs make different pictures; save it with 8 or 16",
                 (int)vips_format_sizeof (source->format) * 8);
    return FALSE;
  }
  return check_alpha (data, size, source, error) && check_meaning (data, size, source, error);
}
