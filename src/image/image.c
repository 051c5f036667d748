/* What kind of picture some bytes are, by their magic, and whether the service takes them; the walks are in jpeg.c and
 * png.c. */
#define G_LOG_DOMAIN "contactfs"

#include "image/image.h"

#include <string.h>

#include "image/foreign.h"
#include "image/layout.h"
#include "image/walk.h"

G_DEFINE_QUARK (image_error, image_error)

static const struct {
  const char *label;
  const char *article;
  const char *mime_type;
  const char *extension;
} kinds[] = {
  [IMAGE_KIND_NONE] = { "no picture", "", "application/octet-stream", "" },
  [IMAGE_KIND_JPEG] = { "JPEG", "a", "image/jpeg", ".jpg" },
  [IMAGE_KIND_PNG] = { "PNG", "a", "image/png", ".png" },
  [IMAGE_KIND_GIF] = { "GIF", "a", "image/gif", ".gif" },
  [IMAGE_KIND_WEBP] = { "WebP", "a", "image/webp", ".webp" },
  [IMAGE_KIND_TIFF] = { "TIFF", "a", "image/tiff", ".tif" },
  [IMAGE_KIND_BMP] = { "BMP", "a", "image/bmp", ".bmp" },
  [IMAGE_KIND_HEIC] = { "HEIC", "a", "image/heic", ".heic" },
  [IMAGE_KIND_AVIF] = { "AVIF", "an", "image/avif", ".avif" },
  [IMAGE_KIND_JXL] = { "JPEG XL", "a", "image/jxl", ".jxl" },
};

/* What is known of a picture: all of it, or the beginning of one that goes on with anything. */
typedef struct {
  const guint8 *data;
  gsize size;
  gboolean goes_on;
} Head;

static gboolean
has_at (const Head *head, gsize offset, const char *magic, gsize length)
{
  gsize known = head->size > offset ? MIN (head->size - offset, length) : 0;

  return (known == length || head->goes_on) && (known == 0 || memcmp (head->data + offset, magic, known) == 0);
}

/* The literal's own length, so that a magic may contain zero bytes. */
#define HAS_AT(head, offset, literal) has_at (head, offset, literal, sizeof literal - 1)

static gboolean
brand_is_one_of (const Head *head, gsize offset, const char *const *brands)
{
  for (; *brands; brands++)
    if (has_at (head, offset, *brands, 4))
      return TRUE;
  return FALSE;
}

/* ISO/IEC 14496-12 "ftyp": size, "ftyp", major brand, version, compatible brands. The generic brand mif1 says only "a
 * HEIF still picture", so AVIF is looked for among the compatible ones first. Videos share the box, so without a
 * picture brand in front it is none. */
static ImageKind
kind_by_brand (const Head *head)
{
  static const char *const avif[] = { "avif", "avis", NULL };
  static const char *const heif[]
      = { "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "mif2", "msf1", "miaf", NULL };
  const guint8 *data = head->data;
  gsize end;

  if (brand_is_one_of (head, 8, avif))
    return IMAGE_KIND_AVIF;
  if (!brand_is_one_of (head, 8, heif))
    return IMAGE_KIND_NONE;
  end = (gsize)data[0] << 24 | (gsize)data[1] << 16 | (gsize)data[2] << 8 | data[3];
  for (gsize at = 16; at + 4 <= MIN (end, head->size); at += 4)
    if (brand_is_one_of (head, at, avif))
      return IMAGE_KIND_AVIF;
  return IMAGE_KIND_HEIC;
}

/* "BM" alone begins many a text, so the reserved zeros and the size of the header that follows must fit too. */
static gboolean
is_bmp (const Head *head)
{
  const guint8 *data = head->data;
  guint32 header;

  if (!HAS_AT (head, 0, "BM") || !HAS_AT (head, 6, "\0\0\0\0"))
    return FALSE;
  if (head->size < 18)
    return head->goes_on;
  header = data[14] | (guint32)data[15] << 8 | (guint32)data[16] << 16 | (guint32)data[17] << 24;
  return header == 12 || header == 16 || (header >= 40 && header <= 124);
}

static ImageKind
kind_of (const Head *head)
{
  if (HAS_AT (head, 0, "\xff\xd8\xff"))
    return IMAGE_KIND_JPEG;
  if (HAS_AT (head, 0, "\x89PNG\r\n\x1a\n"))
    return IMAGE_KIND_PNG;
  if (HAS_AT (head, 0, "GIF87a") || HAS_AT (head, 0, "GIF89a"))
    return IMAGE_KIND_GIF;
  if (HAS_AT (head, 0, "RIFF") && HAS_AT (head, 8, "WEBP"))
    return IMAGE_KIND_WEBP;
  if (HAS_AT (head, 0, "II*\0") || HAS_AT (head, 0, "MM\0*") || HAS_AT (head, 0, "II+\0") || HAS_AT (head, 0, "MM\0+"))
    return IMAGE_KIND_TIFF;
  if (is_bmp (head))
    return IMAGE_KIND_BMP;
  if (HAS_AT (head, 0, "\xff\x0a") || HAS_AT (head, 0, "\0\0\0\x0cJXL \r\n\x87\n"))
    return IMAGE_KIND_JXL;
  return HAS_AT (head, 4, "ftyp") ? kind_by_brand (head) : IMAGE_KIND_NONE;
}

ImageKind
image_kind (gconstpointer bytes, gsize size)
{
  return kind_of (&(Head){ bytes, size, FALSE });
}

gboolean
image_may_begin_with (gconstpointer bytes, gsize size)
{
  return kind_of (&(Head){ bytes, size, TRUE }) != IMAGE_KIND_NONE;
}

const char *
image_kind_label (ImageKind kind)
{
  return kinds[kind].label;
}

const char *
image_kind_mime_type (ImageKind kind)
{
  return kinds[kind].mime_type;
}

const char *
image_kind_extension (ImageKind kind)
{
  return kinds[kind].extension;
}

static gboolean
fail_not_a_picture (const guint8 *data, gsize size, GError **error)
{
  g_autofree char *words = image_foreign_words (data, size);

  g_set_error_literal (error, IMAGE_ERROR, IMAGE_ERROR_NOT_A_PICTURE, words);
  return FALSE;
}

/* A raw file's first picture is for the camera's own screen; one would not want it for a photo. */
static gboolean
check_tiff (gconstpointer data, gsize size, GError **error)
{
  ImageTiff tiff;
  g_autofree char *words = NULL;

  if (!image_tiff_read (data, size, &tiff))
    return TRUE; /* the decoder will say what is wrong */
  if (tiff.raw != NULL)
    words = image_foreign_raw_words (tiff.raw);
  else if (tiff.pictures == 0)
    words = g_strdup ("is a TIFF that holds smaller copies of a picture alone, not the picture; export it as JPEG");
  if (words != NULL)
    g_set_error_literal (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED, words);
  return words == NULL;
}

/* TRUE for what is whole; *other is set for another kind, of which only a GIF and a TIFF are looked at. */
static gboolean
check_whole (gconstpointer data, gsize size, gboolean *other, GError **error)
{
  gsize end;

  *other = FALSE;
  switch (image_kind (data, size)) {
  case IMAGE_KIND_JPEG:
    return image_jpeg_walk (data, size, NULL, NULL, &end, error);
  case IMAGE_KIND_PNG:
    return image_png_walk (data, size, NULL, NULL, &end, error);
  case IMAGE_KIND_GIF:
    *other = TRUE;
    return image_gif_whole (data, size, error);
  case IMAGE_KIND_TIFF:
    *other = TRUE;
    return check_tiff (data, size, error);
  case IMAGE_KIND_NONE:
    return fail_not_a_picture (data, size, error);
  default:
    *other = TRUE;
    return TRUE;
  }
}

gboolean
image_check_upload (gconstpointer data, gsize size, GError **error)
{
  gboolean other;

  if (!check_whole (data, size, &other, error))
    return FALSE;
  if (other)
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED, "is %s %s picture; contacts take JPEG and PNG",
                 kinds[image_kind (data, size)].article, kinds[image_kind (data, size)].label);
  return !other;
}

gboolean
image_check_download (gconstpointer data, gsize size, GError **error)
{
  gboolean other;

  return check_whole (data, size, &other, error);
}
