/* What JPEG and PNG say of themselves, and taking metadata out of them. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "image/exif.h"
#include "image/header.h"

/* Header, one entry (orientation), the offset of a thumbnail's directory. */
#define TIFF_SIZE 26

static GByteArray *
load (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "pictures", name, NULL);
  g_autoptr (GError) error = NULL;
  gsize size;
  char *data;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_byte_array_new_take ((guint8 *)data, size);
}

static void
make_tiff (guint8 *tiff, gboolean big_endian, guint8 orientation)
{
  static const guint8 little[TIFF_SIZE]
      = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8 };
  static const guint8 big[TIFF_SIZE]
      = { 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8 };

  memcpy (tiff, big_endian ? big : little, TIFF_SIZE);
  tiff[big_endian ? 19 : 18] = orientation;
}

static void
insert (GByteArray *array, gsize at, gconstpointer data, gsize size)
{
  g_byte_array_set_size (array, array->len + (guint)size);
  memmove (array->data + at + size, array->data + at, array->len - at - size);
  memcpy (array->data + at, data, size);
}

/* Behind SOI. */
static void
insert_segment (GByteArray *jpeg, guint8 code, gconstpointer body, gsize size)
{
  guint8 head[4] = { 0xff, code, (guint8)((size + 2) >> 8), (guint8)(size + 2) };

  insert (jpeg, 2, body, size);
  insert (jpeg, 2, head, sizeof head);
}

static void
insert_exif (GByteArray *jpeg, gboolean big_endian, guint8 orientation)
{
  guint8 body[6 + TIFF_SIZE] = "Exif\0";

  make_tiff (body + 6, big_endian, orientation);
  insert_segment (jpeg, 0xe1, body, sizeof body);
}

static ImageHeader
read_header (const GByteArray *picture)
{
  g_autofree guint8 *exact = g_memdup2 (picture->data, picture->len);
  g_autoptr (GError) error = NULL;
  ImageHeader header;

  image_read_header (exact, picture->len, &header, &error);
  g_assert_no_error (error);
  return header;
}

static void
test_sizes (void)
{
  static const struct {
    const char *name;
    guint bits, components;
  } pictures[] = { { "baseline.jpg", 8, 3 }, { "progressive.jpg", 8, 3 }, { "gray.jpg", 8, 1 }, { "cmyk.jpg", 8, 4 },
                   { "rgb.png", 8, 3 },      { "palette.png", 0, 3 },     { "gray.png", 0, 1 } };

  for (gsize i = 0; i < G_N_ELEMENTS (pictures); i++) {
    g_autoptr (GByteArray) picture = load (pictures[i].name);
    ImageHeader header = read_header (picture);

    g_assert_cmpuint (header.width, >, 0);
    g_assert_cmpuint (header.height, >, 0);
    g_assert_cmpuint (header.components, ==, pictures[i].components);
    if (pictures[i].bits > 0)
      g_assert_cmpuint (header.bits, ==, pictures[i].bits);
    g_assert_cmpuint (header.orientation, ==, 1);
    g_assert_cmpuint (header.end, ==, picture->len);
  }
}

static void
test_orientation (void)
{
  for (guint i = 0; i < 2 * 256; i++) {
    g_autoptr (GByteArray) jpeg = load ("baseline.jpg");
    guint8 orientation = (guint8)(i / 2);
    ImageHeader header;

    insert_exif (jpeg, i % 2, orientation);
    header = read_header (jpeg);
    g_assert_cmpuint (header.orientation, ==, orientation >= 1 && orientation <= 8 ? orientation : 1);
    g_assert_cmpuint (header.exif_offset, ==, 12);
    g_assert_cmpuint (header.exif_size, ==, TIFF_SIZE);
    image_exif_set_upright (jpeg->data + header.exif_offset, header.exif_size);
    g_assert_cmpuint (read_header (jpeg).orientation, ==, 1);
    for (guint byte = 22; byte < TIFF_SIZE; byte++) /* the thumbnail lay on its side */
      g_assert_cmpuint (jpeg->data[header.exif_offset + byte], ==, 0);
  }
}

static void
test_png_orientation (void)
{
  /* length, "eXIf", TIFF with orientation 6, CRC; behind IHDR */
  guint8 chunk[12 + TIFF_SIZE] = { 0, 0, 0, TIFF_SIZE, 'e', 'X', 'I', 'f' };
  g_autoptr (GByteArray) png = load ("rgb.png");
  guint32 crc = 0xffffffff;

  make_tiff (chunk + 8, FALSE, 6);
  for (guint i = 4; i < 8 + TIFF_SIZE; i++) {
    crc ^= chunk[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
  }
  crc = GUINT32_TO_BE (~crc);
  memcpy (chunk + 8 + TIFF_SIZE, &crc, 4);
  insert (png, 33, chunk, sizeof chunk);
  g_assert_cmpuint (read_header (png).orientation, ==, 6);
}

/* A directory that ends anywhere, or points anywhere, is read without a step outside. */
static void
test_broken_exif (void)
{
  for (gsize size = 0; size <= TIFF_SIZE; size++)
    for (guint byte = 0; byte < TIFF_SIZE; byte++)
      for (guint value = 0; value < 256; value += 51) {
        guint8 tiff[TIFF_SIZE];
        g_autofree guint8 *exact = NULL;
        guint orientation;

        make_tiff (tiff, byte % 2, 6);
        tiff[byte] = (guint8)value;
        exact = g_memdup2 (tiff, size);
        orientation = image_exif_orientation (exact, size);
        g_assert_cmpuint (orientation, >=, 1);
        g_assert_cmpuint (orientation, <=, 8);
        image_exif_set_upright (exact, size);
        g_assert_cmpuint (image_exif_orientation (exact, size), ==, 1);
      }
}

static void
test_strip_jpeg (void)
{
  static const char trailer[] = "a film";
  g_autoptr (GByteArray) jpeg = load ("baseline.jpg"), expected = NULL;
  g_autoptr (GBytes) bytes = NULL, stripped = NULL;

  insert_segment (jpeg, 0xe2, "ICC_PROFILE\0\1\1profile", 21);
  expected = g_byte_array_append (g_byte_array_new (), jpeg->data, jpeg->len);
  insert_exif (jpeg, TRUE, 1);
  insert_segment (jpeg, 0xe1, "http://ns.adobe.com/xap/1.0/\0<x/>", 33);
  insert_segment (jpeg, 0xed, "Photoshop 3.0\0", 15);
  insert_segment (jpeg, 0xe2, "MPF\0", 4);
  insert_segment (jpeg, 0xfe, "at home", 7);
  g_byte_array_append (jpeg, (const guint8 *)trailer, sizeof trailer);
  bytes = g_bytes_new (jpeg->data, jpeg->len);
  stripped = image_strip (bytes);
  g_assert_cmpmem (g_bytes_get_data (stripped, NULL), g_bytes_get_size (stripped), expected->data, expected->len);
}

/* The segment that says the density holds a small picture as well. */
static void
test_strip_jfif_thumbnail (void)
{
  static const guint8 pixels[2 * 3 * 3] = "the whole face";
  g_autoptr (GByteArray) jpeg = load ("baseline.jpg"), with = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL, stripped = NULL;
  const guint jfif = 20; /* up to where it ends: SOI, marker, length and 14 bytes */

  g_assert_cmpmem (jpeg->data + 2, 9, "\xff\xe0\0\20JFIF", 9);
  g_byte_array_append (with, jpeg->data, jfif);
  with->data[5] = (guint8)(with->data[5] + sizeof pixels);
  with->data[18] = 2;
  with->data[19] = 3;
  g_byte_array_append (with, pixels, sizeof pixels);
  g_byte_array_append (with, jpeg->data + jfif, jpeg->len - jfif);
  bytes = g_bytes_new (with->data, with->len);
  stripped = image_strip (bytes);
  g_assert_cmpmem (g_bytes_get_data (stripped, NULL), g_bytes_get_size (stripped), jpeg->data, jpeg->len);
}

static void
test_strip_nothing (void)
{
  static const char *const names[] = { "baseline.jpg", "progressive.jpg", "cmyk.jpg", "palette.png" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (load (names[i]));
    g_autoptr (GBytes) stripped = image_strip (bytes), again = image_strip (stripped);

    g_assert_true (again == stripped);
    g_assert_cmpuint (g_bytes_get_size (stripped), <=, g_bytes_get_size (bytes));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/header/sizes", test_sizes);
  g_test_add_func ("/header/orientation", test_orientation);
  g_test_add_func ("/header/png-orientation", test_png_orientation);
  g_test_add_func ("/header/broken-exif", test_broken_exif);
  g_test_add_func ("/header/strip-jpeg", test_strip_jpeg);
  g_test_add_func ("/header/strip-jfif-thumbnail", test_strip_jfif_thumbnail);
  g_test_add_func ("/header/strip-nothing", test_strip_nothing);
  return g_test_run ();
}
