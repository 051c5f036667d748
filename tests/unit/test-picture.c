/* The helper's decoding, in this process: every format cut at every hundredth of it. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "convert/picture.h"
#include "convert/turn.h"
#include "image/header.h"
#include "pictures.h"

static const PictureLimits limits = { 4096, 5 * 1024 * 1024 };

static GBytes *
load (const char *name)
{
  return g_byte_array_free_to_bytes (picture_load (name));
}

static GBytes *
convert (gconstpointer data, gsize size, GError **error)
{
  g_autoptr (GPtrArray) phrases = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) jpeg = picture_convert (data, size, &limits, phrases, error);
  ImageHeader header;

  if (jpeg == NULL)
    return NULL;
  g_assert_true (image_read_header (g_bytes_get_data (jpeg, NULL), g_bytes_get_size (jpeg), &header, NULL));
  g_assert_cmpint (header.kind, ==, IMAGE_KIND_JPEG);
  return g_steal_pointer (&jpeg);
}

/* As the daemon and the helper look at it, one after the other. Cut off, a picture is refused with words, or as good as whole (a trailer was cut). It is never half of it. */
static void
test_cuts (gconstpointer name)
{
  g_autoptr (GBytes) bytes = load (name);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GError) whole_error = NULL;
  g_autoptr (GBytes) whole = convert (data, size, &whole_error);

  g_assert_no_error (whole_error);
  for (guint percent = 0; percent < 100; percent++) {
    gsize cut = size * percent / 100;
    g_autofree guint8 *copy = g_memdup2 (data, cut);
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) part = image_check_download (copy, cut, &error) ? convert (copy, cut, &error) : NULL;

    g_assert_true ((part == NULL) == (error != NULL));
    if (part != NULL && !g_bytes_equal (part, whole))
      g_error ("%s: the first %u %% became another picture", (const char *)name, percent);
  }
}

/* Whatever bit changes, decoding ends. */
static void
test_flips (gconstpointer name)
{
  g_autoptr (GBytes) bytes = load (name);
  gsize size = g_bytes_get_size (bytes);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), size);

  for (guint i = 0; i < 20; i++) {
    gsize at = (gsize)g_test_rand_int_range (0, (gint32)size);
    guint8 bit = (guint8)(1u << g_test_rand_int_range (0, 8));
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) made = NULL;

    data[at] ^= bit;
    made = convert (data, size, &error);
    g_assert_true ((made == NULL) == (error != NULL));
    data[at] ^= bit;
  }
}

static void
test_scaled (void)
{
  static const PictureLimits small = { 16, 100000 };
  g_autoptr (GBytes) bytes = load ("rgb.png");
  g_autoptr (GPtrArray) phrases = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg
      = picture_convert (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &small, phrases, &error);
  ImageHeader header;

  g_assert_no_error (error);
  g_assert_true (image_read_header (g_bytes_get_data (jpeg, NULL), g_bytes_get_size (jpeg), &header, NULL));
  g_assert_cmpuint (MAX (header.width, header.height), ==, 16);
  g_assert_cmpuint (phrases->len, ==, 1);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (phrases, 0), "scaled from "));
}

/* The pixels of a PNG that says which way up it is, and how it was turned. type: of the number in its EXIF. */
static GBytes *
turn_png (guint8 orientation, guint8 type, char **phrase)
{
  guint8 tiff[] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, type, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0 };
  g_autoptr (GByteArray) png = picture_load ("pattern.png");
  g_autoptr (GPtrArray) phrases = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg = NULL;

  picture_insert_png_chunk (png, "eXIf", tiff, sizeof tiff);
  jpeg = picture_convert (png->data, png->len, &limits, phrases, &error);
  g_assert_no_error (error);
  *phrase = g_strdup (phrases->len > 0 ? g_ptr_array_index (phrases, 0) : "");
  return image_strip (jpeg);
}

/* Its number has two bytes by the book, and programs write others as well: all are turned alike, and no two ways are one. */
static void
test_turned_png (void)
{
  enum { BYTE = 1, SHORT = 3, LONG = 4 };
  static const guint8 others[] = { BYTE, LONG };
  GBytes *ways[9] = { NULL };

  for (guint8 orientation = 1; orientation <= 8; orientation++) {
    g_autofree char *expected = orientation > 1
                                    ? g_strdup_printf ("turned upright (its EXIF orientation was %u)", orientation)
                                    : g_strdup ("");
    g_autofree char *said = NULL;
    GBytes *one = turn_png (orientation, SHORT, &said);

    g_test_message ("orientation %u", orientation);
    g_assert_cmpstr (said, ==, expected);
    for (gsize i = 0; i < G_N_ELEMENTS (others); i++) {
      g_autofree char *said_again = NULL;
      g_autoptr (GBytes) other = turn_png (orientation, others[i], &said_again);

      g_assert_cmpstr (said_again, ==, expected);
      g_assert_true (g_bytes_equal (one, other));
    }
    for (guint8 before = 1; before < orientation; before++)
      g_assert_false (g_bytes_equal (ways[before], one));
    ways[orientation] = one;
  }
  for (guint8 orientation = 1; orientation <= 8; orientation++)
    g_bytes_unref (ways[orientation]);
}

/* A new beginning and an old end make a whole JPEG that decodes with complaints. */
static void
test_verify (void)
{
  g_autoptr (GBytes) bytes = load ("baseline.jpg");
  gsize size = g_bytes_get_size (bytes);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
  g_autoptr (GError) error = NULL;

  g_assert_true (turn_verify (data, size, &error));
  g_assert_no_error (error);
  memmove (data + size - 60, data + size - 40, 38);
  data[size - 22] = 0xff; /* the scan ends early */
  data[size - 21] = 0xd9;
  g_assert_false (turn_verify (data, size, &error));
  g_assert_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF);
}

static gboolean
alike (const char *name, const char *second)
{
  g_autoptr (GBytes) a = load (name), b = load (second);
  g_autoptr (GError) error = NULL;
  gboolean same = FALSE;

  picture_compare (g_bytes_get_data (a, NULL), g_bytes_get_size (a), g_bytes_get_data (b, NULL), g_bytes_get_size (b),
                   &same, &error);
  g_assert_no_error (error);
  return same;
}

static void
test_compare (void)
{
  g_assert_true (alike ("baseline.jpg", "baseline.jpg"));
  g_assert_true (alike ("baseline.jpg", "progressive.jpg"));
  g_assert_true (alike ("pattern.png", "pattern-small.jpg"));
  g_assert_false (alike ("baseline.jpg", "pattern.png"));
}

/* ---- what counts as the same ---- */

#define SIDE 64

typedef void (*Paint) (int x, int y, guint8 *rgb);

static GBytes *
paint (Paint colour)
{
  static const guint8 head[54]
      = { 'B', 'M', 0x36, 0x30, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, SIDE, 0, 0, 0, SIDE, 0, 0, 0, 1, 0, 24 };
  GByteArray *bmp = g_byte_array_new ();

  g_byte_array_append (bmp, head, sizeof head);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      guint8 rgb[3];

      colour (x, y, rgb);
      g_byte_array_append (bmp, (const guint8[]){ rgb[2], rgb[1], rgb[0] }, 3);
    }
  return g_byte_array_free_to_bytes (bmp);
}

static void
set (guint8 *rgb, int red, int green, int blue)
{
  rgb[0] = (guint8)red;
  rgb[1] = (guint8)green;
  rgb[2] = (guint8)blue;
}

static void
flat (int x, int y, guint8 *rgb)
{
  set (rgb, 128, 128, 128);
}

static void
nearly_flat (int x, int y, guint8 *rgb)
{
  set (rgb, 131, 131, 131);
}

static void
chequered (int x, int y, guint8 *rgb)
{
  int value = (x / 8 + y / 8) % 2 ? 121 : 135;

  set (rgb, value, value, value);
}

static void
shaded (int x, int y, guint8 *rgb)
{
  set (rgb, 3 * x + 20, 3 * x + 20, 3 * x + 20);
}

static void
shaded_the_other_way (int x, int y, guint8 *rgb)
{
  set (rgb, 3 * y + 20, 3 * y + 20, 3 * y + 20);
}

static void
shaded_and_muted (int x, int y, guint8 *rgb)
{
  set (rgb, 3 * x + 26, 3 * x + 18, 3 * x + 16);
}

static void
shaded_and_a_little_warm (int x, int y, guint8 *rgb)
{
  set (rgb, 3 * x + 21, 3 * x + 20, 3 * x + 19);
}

static void
test_alike (void)
{
  static const struct {
    Paint one, other;
    gboolean same;
  } cases[] = {
    { flat, flat, TRUE },
    { flat, nearly_flat, TRUE },
    { flat, chequered, FALSE }, /* near in every colour, but not in its shapes */
    { chequered, chequered, TRUE },
    { shaded, shaded, TRUE },
    { shaded, shaded_the_other_way, FALSE },
    { shaded, shaded_and_a_little_warm, TRUE },
    { shaded, shaded_and_muted, FALSE }, /* who took the colours away meant it */
    { shaded_and_muted, shaded_and_muted, TRUE },
    { shaded_and_a_little_warm, shaded_and_muted, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint k = 0; k < 2; k++) {
      g_autoptr (GBytes) one = paint (k ? cases[i].other : cases[i].one),
                         other = paint (k ? cases[i].one : cases[i].other);
      g_autoptr (GError) error = NULL;
      gboolean same;

      g_test_message ("case %zu", i);
      g_assert_true (picture_compare (g_bytes_get_data (one, NULL), g_bytes_get_size (one),
                                      g_bytes_get_data (other, NULL), g_bytes_get_size (other), &same, &error));
      g_assert_cmpint (same, ==, cases[i].same);
    }
}

/* A picture that cannot be read is like no other. */
static void
test_compare_broken (void)
{
  g_autoptr (GBytes) whole = paint (shaded), jpeg = load ("baseline.jpg");
  gsize size = g_bytes_get_size (jpeg);
  gconstpointer data = g_bytes_get_data (jpeg, NULL);

  for (gsize cut = 0; cut < size; cut += 97)
    for (guint k = 0; k < 2; k++) {
      g_autoptr (GError) error = NULL;
      gboolean same = TRUE;

      if (!picture_compare (k ? data : g_bytes_get_data (whole, NULL), k ? cut : g_bytes_get_size (whole),
                            k ? g_bytes_get_data (whole, NULL) : data, k ? g_bytes_get_size (whole) : cut, &same,
                            &error))
        g_assert_nonnull (error);
      g_assert_false (same);
    }
}

int
main (int argc, char **argv)
{
  static const ImageKind kinds[]
      = { IMAGE_KIND_JPEG, IMAGE_KIND_PNG,  IMAGE_KIND_GIF,  IMAGE_KIND_WEBP, IMAGE_KIND_TIFF,
          IMAGE_KIND_BMP,  IMAGE_KIND_HEIC, IMAGE_KIND_AVIF, IMAGE_KIND_JXL };
  static const char *const names[]
      = { "cmyk.jpg",    "progressive.jpg", "picture.gif",  "picture.webp",       "picture.tif", "ycbcr.tif",
          "picture.bmp", "pattern.heic",    "pattern.avif", "premultiplied.avif", "pattern.jxl" };
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL); /* vips warns of broken pictures */
  if (!picture_start (kinds, G_N_ELEMENTS (kinds), &error))
    g_error ("%s", error->message);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *cuts = g_strconcat ("/picture/cuts/", names[i], NULL);
    g_autofree char *flips = g_strconcat ("/picture/flips/", names[i], NULL);

    g_test_add_data_func (cuts, names[i], test_cuts);
    g_test_add_data_func (flips, names[i], test_flips);
  }
  g_test_add_func ("/picture/scaled", test_scaled);
  g_test_add_func ("/picture/turned-png", test_turned_png);
  g_test_add_func ("/picture/verify", test_verify);
  g_test_add_func ("/picture/compare", test_compare);
  g_test_add_func ("/picture/alike", test_alike);
  g_test_add_func ("/picture/compare-broken", test_compare_broken);
  return g_test_run ();
}
