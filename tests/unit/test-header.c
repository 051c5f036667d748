/* What JPEG and PNG say of themselves, and taking metadata out of them. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "image/exif.h"
#include "image/header.h"
#include "pictures.h"

/* Header, one entry (orientation), the offset of a thumbnail's directory. */
#define TIFF_SIZE 26

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

/* Behind SOI. */
static void
insert_segment (GByteArray *jpeg, guint8 code, gconstpointer body, gsize size)
{
  guint8 head[4] = { 0xff, code, (guint8)((size + 2) >> 8), (guint8)(size + 2) };

  picture_insert (jpeg, 2, body, size);
  picture_insert (jpeg, 2, head, sizeof head);
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
    g_autoptr (GByteArray) picture = picture_load (pictures[i].name);
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
    g_autoptr (GByteArray) jpeg = picture_load ("baseline.jpg");
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
  g_autoptr (GByteArray) png = picture_load ("rgb.png");
  guint8 tiff[TIFF_SIZE];

  make_tiff (tiff, FALSE, 6);
  picture_insert_png_chunk (png, "eXIf", tiff, sizeof tiff);
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

/* The orientation counts in each type that writers use, and in no other; and only the first Exif counts. */
static void
test_exif_types (void)
{
  static const struct {
    guint8 type, count;
    guint orientation;
  } cases[] = { { 1, 1, 6 }, { 3, 1, 6 }, { 4, 1, 6 }, { 2, 1, 1 }, { 5, 1, 1 }, { 3, 2, 1 }, { 3, 0, 1 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) jpeg = picture_load ("baseline.jpg");
    guint8 body[6 + TIFF_SIZE] = "Exif\0";

    make_tiff (body + 6, FALSE, 6);
    body[6 + 12] = cases[i].type;
    body[6 + 14] = cases[i].count;
    insert_segment (jpeg, 0xe1, body, sizeof body);
    g_assert_cmpuint (read_header (jpeg).orientation, ==, cases[i].orientation);
    g_assert_cmpint (image_exif_is_orientation_alone (body + 6, 22), ==, cases[i].orientation == 6);
    g_assert_false (image_exif_is_orientation_alone (body + 6, TIFF_SIZE)); /* a thumbnail's directory follows */
    insert_exif (jpeg, TRUE, 3);                                            /* in front of the other one */
    g_assert_cmpuint (read_header (jpeg).orientation, ==, 3);
  }
}

#define SOI                 "\xff\xd8"
#define SOS                 "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
#define EOI                 "\xff\xd9"
#define FRAME(code, height) "\xff" code "\x00\x0b\x08\x00" height "\x00\x20\x01\x01\x11\x00"

/* How a JPEG is coded, and how high it is. */
static void
test_frames (void)
{
  static const struct {
    const char *name, *bytes;
    gsize size;
    guint height;
    gboolean arithmetic, lossless, hierarchical;
  } cases[] = {
#define JPEG(name, literal) name, SOI literal EOI, sizeof (SOI literal EOI) - 1
    { JPEG ("baseline", FRAME ("\xc0", "\x10") SOS "12"), 16, FALSE, FALSE, FALSE },
    { JPEG ("arithmetic", FRAME ("\xc9", "\x10") SOS "12"), 16, TRUE, FALSE, FALSE },
    { JPEG ("arithmetic, progressive", FRAME ("\xca", "\x10") SOS "12"), 16, TRUE, FALSE, FALSE },
    { JPEG ("lossless", FRAME ("\xc3", "\x10") SOS "12"), 16, FALSE, TRUE, FALSE },
    { JPEG ("lossless, arithmetic", FRAME ("\xcb", "\x10") SOS "12"), 16, FALSE, TRUE, FALSE },
    { JPEG ("height behind the first scan", FRAME ("\xc0", "\0") SOS "12\xff\xdc\x00\x04\x00\x15"), 21, FALSE, FALSE,
      FALSE },
    { JPEG ("height told twice", FRAME ("\xc0", "\x10") SOS "12\xff\xdc\x00\x04\x00\x15"), 16, FALSE, FALSE, FALSE },
    { JPEG ("hierarchical", FRAME ("\xde", "\x10") FRAME ("\xc0", "\x10") SOS "12" FRAME ("\xc5", "\x09") SOS "12"), 16,
      FALSE, FALSE, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) jpeg = g_byte_array_new ();
    ImageHeader header;

    g_test_message ("%s", cases[i].name);
    g_byte_array_append (jpeg, (const guint8 *)cases[i].bytes, (guint)cases[i].size);
    header = read_header (jpeg);
    g_assert_cmpuint (header.width, ==, 32);
    g_assert_cmpuint (header.height, ==, cases[i].height);
    g_assert_cmpint (image_jpeg_is_arithmetic (&header), ==, cases[i].arithmetic);
    g_assert_cmpint (image_jpeg_is_lossless (&header), ==, cases[i].lossless);
    g_assert_cmpint (image_jpeg_is_hierarchical (&header), ==, cases[i].hierarchical);
  }
}

/* A scan has so many bits at least, by the blocks that its components have. */
static void
test_too_short (void)
{
#define FRAME_OF(code, components) "\xff" code "\x00" components
#define GREY64                     "\x0b\x08\x00\x40\x00\x40\x01\x01\x11\x00"             /* 64 blocks: 128 bits */
#define TWO64                      "\x0e\x08\x00\x40\x00\x40\x02\x01\x21\x00\x02\x11\x00" /* 32 units of 3 blocks: 192 bits */
#define FIVE64                     "\x17\x08\x00\x40\x00\x40\x05\1\x11\0\2\x11\0\3\x11\0\4\x11\0\5\x11\0" /* of no known decoder */
#define ZERO64                     "\x0b\x08\x00\x40\x00\x40\x01\x01\x10\x00" /* factors of zero */
#define SCAN2                      "\xff\xda\x00\x0a\x02\x01\x00\x02\x00\x00\x3f\x00"
#define SCAN_X                     "\xff\xda\x00\x08\x01\x07\x00\x00\x3f\x00" /* a component that there is not */
#define SCAN_AC                    "\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00"
#define BYTES8                     "12345678"
  static const struct {
    const char *name, *bytes;
    gsize size;
    gboolean short_of;
  } cases[] = {
    { JPEG ("enough", FRAME_OF ("\xc0", GREY64) SOS BYTES8 BYTES8), FALSE },
    { JPEG ("one byte less", FRAME_OF ("\xc0", GREY64) SOS BYTES8 "1234567"), TRUE },
    { JPEG ("extended", FRAME_OF ("\xc1", GREY64) SOS BYTES8 "1234567"), TRUE },
    { JPEG ("progressive, enough", FRAME_OF ("\xc2", GREY64) SOS BYTES8), FALSE },
    { JPEG ("progressive, one less", FRAME_OF ("\xc2", GREY64) SOS "1234567"), TRUE },
    { JPEG ("progressive, what is finer", FRAME_OF ("\xc2", GREY64) SOS BYTES8 SCAN_AC "1"), FALSE },
    { JPEG ("arithmetic", FRAME_OF ("\xc9", GREY64) SOS "1"), FALSE },
    { JPEG ("two components", FRAME_OF ("\xc0", TWO64) SCAN2 BYTES8 BYTES8 BYTES8), FALSE },
    { JPEG ("two, one byte less", FRAME_OF ("\xc0", TWO64) SCAN2 BYTES8 BYTES8 "1234567"), TRUE },
    { JPEG ("one of two", FRAME_OF ("\xc0", TWO64) SOS BYTES8 "1234567"), TRUE },
    { JPEG ("the second scan", FRAME_OF ("\xc0", GREY64) SOS BYTES8 BYTES8 SOS "1"), TRUE },
    { JPEG ("the first scan", FRAME_OF ("\xc0", GREY64) SOS "1" SOS BYTES8 BYTES8), TRUE },
    { JPEG ("five components", FRAME_OF ("\xc0", FIVE64) SOS "1"), FALSE },
    { JPEG ("factors of zero", FRAME_OF ("\xc0", ZERO64) SOS "1"), FALSE },
    { JPEG ("another component", FRAME_OF ("\xc0", GREY64) SCAN_X "1"), FALSE },
    { "cut", SOI FRAME_OF ("\xc0", GREY64) SOS "1", sizeof (SOI FRAME_OF ("\xc0", GREY64) SOS "1") - 1, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree guint8 *exact = g_memdup2 (cases[i].bytes, cases[i].size);

    g_test_message ("%s", cases[i].name);
    g_assert_cmpint (image_jpeg_is_too_short (exact, cases[i].size), ==, cases[i].short_of);
  }
}

static void
test_strip_jpeg (void)
{
  static const char trailer[] = "a film";
  g_autoptr (GByteArray) jpeg = picture_load ("baseline.jpg"), expected = NULL;
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
  g_autoptr (GByteArray) jpeg = picture_load ("baseline.jpg"), with = g_byte_array_new ();
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
    g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (picture_load (names[i]));
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
  g_test_add_func ("/header/exif-types", test_exif_types);
  g_test_add_func ("/header/frames", test_frames);
  g_test_add_func ("/header/too-short", test_too_short);
  g_test_add_func ("/header/strip-jpeg", test_strip_jpeg);
  g_test_add_func ("/header/strip-jfif-thumbnail", test_strip_jfif_thumbnail);
  g_test_add_func ("/header/strip-nothing", test_strip_nothing);
  return g_test_run ();
}
