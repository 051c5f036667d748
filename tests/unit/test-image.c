/* Pictures by bytes: kinds, and that nothing but a whole JPEG or PNG counts as whole, cut at every single byte. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "image/image.h"
#include "pictures.h"

static const char *const jpegs[] = { "baseline.jpg", "progressive.jpg", "restart.jpg",       "arithmetic.jpg",
                                     "gray.jpg",     "cmyk.jpg",        "exif-thumbnail.jpg" };
static const char *const pngs[] = { "rgb.png", "gray.png", "interlaced.png", "palette.png" };

static GBytes *
load (const char *name)
{
  return g_byte_array_free_to_bytes (picture_load (name));
}

/* On a copy of exactly that size, so that a sanitizer sees a read past its end. */
static gboolean
check (gconstpointer data, gsize size, GError **error)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  gboolean up = image_check_upload (copy, size, error);
  g_autoptr (GError) down_error = NULL;

  g_assert_cmpint (up, ==, image_check_download (copy, size, &down_error));
  g_assert_true (up == (down_error == NULL));
  return up;
}

static void
assert_refused (gconstpointer data, gsize size, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (check (data, size, &error));
  g_assert_error (error, IMAGE_ERROR, code);
  if (!strstr (error->message, words))
    g_error ("\"%s\" is not in \"%s\"", words, error->message);
}

static void
assert_whole (gconstpointer data, gsize size)
{
  g_autoptr (GError) error = NULL;
  gboolean whole = check (data, size, &error);

  g_assert_no_error (error);
  g_assert_true (whole);
}

static void
test_every_cut (gconstpointer name)
{
  g_autoptr (GBytes) bytes = load (name);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  assert_whole (data, size);
  for (gsize cut = 0; cut < size; cut++) {
    if (image_kind (data, cut) == IMAGE_KIND_NONE)
      assert_refused (data, cut, IMAGE_ERROR_NOT_A_PICTURE, cut == 0 ? "is empty" : "is not a picture");
    else
      assert_refused (data, cut, IMAGE_ERROR_CUT_OFF, "is cut off after");
  }
}

static void
test_trailing_bytes (gconstpointer name)
{
  static const char trailer[] = "a camera's trailer \xff\xd8\xff\xe1 IEND";
  g_autoptr (GBytes) bytes = load (name);
  g_autoptr (GByteArray) longer = g_byte_array_new ();

  g_byte_array_append (longer, g_bytes_get_data (bytes, NULL), (guint)g_bytes_get_size (bytes));
  for (guint i = 0; i < sizeof trailer; i++) {
    g_byte_array_append (longer, (const guint8 *)trailer + i, 1);
    assert_whole (longer->data, longer->len);
  }
}

/* Any changed bit of a PNG is noticed: all of it is under the signature, a length, a type or a CRC. */
static void
test_png_bit_flips (gconstpointer name)
{
  g_autoptr (GBytes) bytes = load (name);
  gsize size = g_bytes_get_size (bytes);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), size);

  for (gsize i = 0; i < size; i++) {
    guint8 bit = (guint8)(1u << i % 8);

    data[i] ^= bit;
    g_assert_false (check (data, size, NULL));
    data[i] ^= bit;
  }
  assert_whole (data, size);
}

/* Whatever bit changes in a JPEG, the walk ends and stays inside the buffer; most of them it cannot notice. */
static void
test_jpeg_bit_flips (gconstpointer name)
{
  g_autoptr (GBytes) bytes = load (name);
  gsize size = g_bytes_get_size (bytes);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), size);

  for (gsize i = 0; i < size * 8; i++) {
    g_autoptr (GError) error = NULL;

    data[i / 8] ^= (guint8)(1u << i % 8);
    g_assert_true (check (data, size, &error) == (error == NULL));
    data[i / 8] ^= (guint8)(1u << i % 8);
  }
}

#define SOI    "\xff\xd8"
#define SOF    "\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
#define FLAT   "\xff\xc0\x00\x0b\x08\x00\x00\x00\x10\x01\x01\x11\x00" /* height 0 */
#define THIN   "\xff\xc0\x00\x0b\x08\x00\x10\x00\x00\x01\x01\x11\x00" /* width 0 */
#define SOS    "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
#define DATA   "\x12\xff\x00\x34"
#define DNL    "\xff\xdc\x00\x04\x00\x10"
#define EOI    "\xff\xd9"
#define COM(x) "\xff\xfe\x00\x04" x
#define CASE(name, literal, words)                                                                                     \
  {                                                                                                                    \
    name, literal, sizeof literal - 1, words                                                                           \
  }

static void
test_jpeg_structure (void)
{
  static const struct {
    const char *name;
    const char *data;
    gsize size;
    const char *words; /* NULL: whole */
  } cases[] = {
    CASE ("least", SOI SOF SOS DATA EOI, NULL),
    CASE ("fill bytes", SOI "\xff\xff" SOF "\xff" SOS DATA "\xff\xff" EOI, NULL),
    CASE ("stuffed zero after fill", SOI SOF SOS "\x01\xff\xff\x00\x02" EOI, NULL),
    CASE ("restarts", SOI SOF SOS DATA "\xff\xd0" DATA "\xff\xd7" DATA EOI, NULL),
    CASE ("two scans", SOI SOF SOS DATA COM ("hi") SOS DATA EOI, NULL),
    CASE ("height by DNL", SOI FLAT SOS DATA DNL EOI, NULL),
    CASE ("end inside a comment", SOI COM (EOI) SOF SOS DATA, "no end-of-image"),
    CASE ("end inside a comment, then the end", SOI COM (EOI) SOF SOS DATA EOI, NULL),
    CASE ("no height", SOI FLAT SOS DATA EOI, "height"),
    CASE ("DNL of zero", SOI FLAT SOS DATA "\xff\xdc\x00\x04\x00\x00" EOI, "number of lines"),
    CASE ("no width", SOI THIN SOS DATA EOI, "width"),
    CASE ("nothing", SOI EOI, "frame header"),
    CASE ("no frame", SOI SOS DATA EOI, "frame header"),
    CASE ("no scan", SOI SOF EOI, "scan"),
    CASE ("two frames", SOI SOF SOF SOS DATA EOI, "second frame"),
    CASE ("empty scan", SOI SOF SOS EOI, "without data"),
    CASE ("garbage between segments", SOI "\x01" SOF SOS DATA EOI, ""),
    CASE ("stuffed zero between segments", SOI SOF "\xff\x00" SOS DATA EOI, "no marker"),
    CASE ("a cut picture and the next", SOI SOF SOS DATA SOI SOF SOS DATA EOI, "another picture"),
    CASE ("length of one", SOI "\xff\xfe\x00\x01" SOF SOS DATA EOI, "segment length"),
    CASE ("cut in a length", SOI "\xff\xfe\x00", "in its length"),
    CASE ("cut before a length", SOI "\xff\xfe", "in its length"),
    CASE ("a length into the next segment", SOI "\xff\xfe\x00\x08" SOF SOS DATA EOI, "no marker at byte 12"),
    CASE ("segment to the last byte", SOI SOF SOS DATA "\xff\xfe\x00\x04hi", "no end-of-image"),
    CASE ("segment past the last byte", SOI SOF SOS DATA "\xff\xfe\x00\x05hi", "not all there"),
    CASE ("FF at the end", SOI SOF SOS DATA "\xff", "no end-of-image"),
    CASE ("FF FF at the end", SOI SOF SOS DATA "\xff\xff", "no end-of-image"),
    CASE ("FF 00 at the end", SOI SOF SOS DATA "\xff\x00", "no end-of-image"),
    CASE ("RST at the end", SOI SOF SOS DATA "\xff\xd0", "no end-of-image"),
    CASE ("frame header of no components", SOI "\xff\xc0\x00\x08\x08\x00\x10\x00\x10\x00" SOS DATA EOI, "frame header"),
    CASE ("frame header too short", SOI "\xff\xc0\x00\x04\x08\x00" SOS DATA EOI, "frame header"),
    CASE ("scan header too short", SOI SOF "\xff\xda\x00\x03\x01" DATA EOI, "scan header"),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].name);
    if (!cases[i].words)
      assert_whole (cases[i].data, cases[i].size);
    else if (image_kind (cases[i].data, cases[i].size) == IMAGE_KIND_NONE)
      assert_refused (cases[i].data, cases[i].size, IMAGE_ERROR_NOT_A_PICTURE, cases[i].words);
    else
      assert_refused (cases[i].data, cases[i].size, IMAGE_ERROR_CUT_OFF, cases[i].words);
  }
}

#define SIGNATURE "\x89PNG\r\n\x1a\n"
#define IHDR      "\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55"
#define NO_DATA   "\0\0\0\0IDAT\x35\xaf\x06\x1e"
#define IEND      "\0\0\0\0IEND\xae\x42\x60\x82"

static void
test_png_structure (void)
{
  static const struct {
    const char *name;
    const char *data;
    gsize size;
    const char *words;
  } cases[] = {
    CASE ("no header", SIGNATURE IEND, "wrong header"),
    CASE ("no pixels", SIGNATURE IHDR IEND, "without any pixels"),
    CASE ("empty pixels", SIGNATURE IHDR NO_DATA IEND, "without any pixels"),
    CASE ("no end", SIGNATURE IHDR NO_DATA, "no IEND"),
    CASE ("signature alone", SIGNATURE, "no IEND"),
    CASE ("two headers", SIGNATURE IHDR IHDR, "second header"),
    CASE ("huge chunk", SIGNATURE IHDR "\xff\xff\xff\xffIDAT0000", "chunk length"),
    CASE ("large chunk", SIGNATURE IHDR "\x7f\xff\xff\xffIDAT0000", "not all there"),
    CASE ("no letters", SIGNATURE IHDR "\0\0\0\0I AT0000", "no chunk"),
    CASE ("zeros", SIGNATURE IHDR "\0\0\0\0\0\0\0\0\0\0\0\0", "no chunk"),
    CASE ("checksum", SIGNATURE IHDR "\0\0\0\0IEND\xae\x42\x60\x83", "checksum"),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].name);
    assert_refused (cases[i].data, cases[i].size, IMAGE_ERROR_CUT_OFF, cases[i].words);
  }
}

/* An indexed picture whose palette was cut out. */
static void
test_png_without_palette (void)
{
  g_autoptr (GBytes) bytes = load ("palette.png");
  gsize size = g_bytes_get_size (bytes), plte = 0;
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), size);

  while (memcmp (data + plte, "PLTE", 4) != 0)
    plte++;
  plte -= 4;
  gsize length = 12 + ((gsize)data[plte + 2] << 8 | data[plte + 3]);
  memmove (data + plte, data + plte + length, size - plte - length);
  assert_refused (data, size - length, IMAGE_ERROR_CUT_OFF, "palette");
}

static void
test_kinds (void)
{
  static const struct {
    const char *data;
    gsize size;
    ImageKind kind;
  } cases[] = {
#define KIND(literal, kind) { literal, sizeof literal - 1, kind }
    KIND ("\xff\xd8\xff", IMAGE_KIND_JPEG),
    KIND ("\xff\xd8", IMAGE_KIND_NONE),
    KIND (SIGNATURE, IMAGE_KIND_PNG),
    KIND ("\x89PNG\n\x1a\n\n", IMAGE_KIND_NONE), /* went through a text-mode transfer */
    KIND ("GIF87a", IMAGE_KIND_GIF),
    KIND ("GIF89a", IMAGE_KIND_GIF),
    KIND ("GIF88a", IMAGE_KIND_NONE),
    KIND ("RIFF\x10\0\0\0WEBP", IMAGE_KIND_WEBP),
    KIND ("RIFF\x10\0\0\0WAVE", IMAGE_KIND_NONE),
    KIND ("II*\0", IMAGE_KIND_TIFF),
    KIND ("MM\0*", IMAGE_KIND_TIFF),
    KIND ("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", IMAGE_KIND_BMP),
    KIND ("BMW is a maker of cars.", IMAGE_KIND_NONE),
    KIND ("\0\0\0\x18"
          "ftypheic\0\0\0\0mif1heic",
          IMAGE_KIND_HEIC),
    KIND ("\0\0\0\x18"
          "ftypmif1\0\0\0\0mif1heic",
          IMAGE_KIND_HEIC),
    KIND ("\0\0\0\x18"
          "ftypmsf1\0\0\0\0mif1heic",
          IMAGE_KIND_HEIC),
    KIND ("\0\0\0\x14"
          "ftyphevc\0\0\0\0msf1",
          IMAGE_KIND_HEIC),
    KIND ("\0\0\0\x18"
          "ftypavif\0\0\0\0mif1miaf",
          IMAGE_KIND_AVIF),
    KIND ("\0\0\0\x18"
          "ftypavis\0\0\0\0mif1miaf",
          IMAGE_KIND_AVIF),
    KIND ("\0\0\0\x18"
          "ftypmif1\0\0\0\0mif1avif",
          IMAGE_KIND_AVIF),
    KIND ("\0\0\0\x18"
          "ftypisom\0\0\0\0isomavc1",
          IMAGE_KIND_NONE),
    KIND ("\xff\x0a", IMAGE_KIND_JXL),
    KIND ("\0\0\0\x0cJXL \r\n\x87\n", IMAGE_KIND_JXL),
    KIND ("hello", IMAGE_KIND_NONE),
    KIND ("", IMAGE_KIND_NONE),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree guint8 *copy = g_memdup2 (cases[i].data, cases[i].size);

    g_test_message ("case %zu", i);
    g_assert_cmpint (image_kind (copy, cases[i].size), ==, cases[i].kind);
    /* of those that are none, the empty one and half a JPEG's magic may go on as one */
    g_assert_cmpint (image_may_begin_with (copy, cases[i].size), ==,
                     cases[i].kind != IMAGE_KIND_NONE || cases[i].size <= 2);
    for (gsize cut = 0; cut < cases[i].size; cut++) {
      g_autofree guint8 *shorter = g_memdup2 (cases[i].data, cut);
      ImageKind kind = image_kind (shorter, cut);

      g_assert_true (kind == IMAGE_KIND_NONE || kind == cases[i].kind || kind == IMAGE_KIND_HEIC);
      g_assert_true (cases[i].kind == IMAGE_KIND_NONE || image_may_begin_with (shorter, cut));
    }
  }
  for (ImageKind kind = IMAGE_KIND_JPEG; kind <= IMAGE_KIND_JXL; kind++) {
    g_assert_true (g_str_has_prefix (image_kind_mime_type (kind), "image/"));
    g_assert_cmpint (image_kind_extension (kind)[0], ==, '.');
  }
  g_assert_cmpstr (image_kind_mime_type (IMAGE_KIND_NONE), ==, "application/octet-stream");
  g_assert_cmpstr (image_kind_extension (IMAGE_KIND_NONE), ==, "");
  g_assert_cmpstr (image_kind_mime_type (IMAGE_KIND_JPEG), ==, "image/jpeg");
  g_assert_cmpstr (image_kind_extension (IMAGE_KIND_PNG), ==, ".png");
}

/* Pictures of other kinds: shown when they come from the service, not taken as they are. */
static void
test_other_kinds (void)
{
  static const struct {
    const char *name, *words;
  } cases[] = { { "picture.gif", "is a GIF picture; contacts take JPEG and PNG" },
                { "picture.webp", "is a WebP picture; contacts take JPEG and PNG" },
                { "picture.tif", "is a TIFF picture; contacts take JPEG and PNG" },
                { "picture.bmp", "is a BMP picture; contacts take JPEG and PNG" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) bytes = load (cases[i].name);
    g_autoptr (GError) error = NULL, none = NULL;
    gsize size;
    gconstpointer data = g_bytes_get_data (bytes, &size);

    g_assert_false (image_check_upload (data, size, &error));
    g_assert_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED);
    g_assert_cmpstr (error->message, ==, cases[i].words);
    g_assert_true (image_check_download (data, size, &none));
    g_assert_no_error (none);
  }
}

static void
test_no_picture (void)
{
  static const struct {
    const char *data;
    gsize size;
    const char *words;
  } cases[] = {
#define NONE(literal, words) { literal, sizeof literal - 1, words }
    NONE ("", "is empty"),
    NONE ("hello\n", "is not a picture (text)"),
    NONE ("Gr\xc3\xbc\xc3\x9f", "is not a picture (text)"),
    NONE ("\n <!DOCTYPE html><title>Sorry", "is not a picture (HTML)"),
    NONE ("<HTML>", "is not a picture (HTML)"),
    NONE ("<?xml version='1.0'?><svg/>", "is not a picture (an SVG drawing)"),
    NONE ("<?xml version='1.0'?><a/>", "is not a picture (XML)"),
    NONE ("%PDF-1.7\n\xe2\xe3", "is not a picture (a PDF document)"),
    NONE ("PK\3\4\x14", "is not a picture (a ZIP archive or an office document)"),
    NONE ("\0\0\0\x18"
          "ftypisom\0\0\0\0",
          "is not a picture (a video or sound file)"),
    NONE ("\0\0\0\0\0\0\0\0\0\0", "is not a picture (zero bytes)"),
    NONE ("\x7f"
          "ELF\2\1\1",
          "is not a picture (unknown binary data)"),
    NONE ("\0\0\0\x0cjP  \r\n\x87\n", "is a JPEG 2000 picture, which contacts do not take; save it as JPEG"),
    NONE ("8BPS\0\1\0", "is a Photoshop document (PSD), which contacts do not take; save it as JPEG"),
    NONE ("IIRO\x08\0\0\0", "is a camera's raw file (Olympus ORF); export it as JPEG"),
    NONE ("\0\0\0\x18"
          "ftypcrx ",
          "is a camera's raw file (Canon CR3); export it as JPEG"),
    NONE ("\0\0\2\0\0\0\0\0\0\0\0\0\1\0\1\0\x18\0", "is a TGA picture"),
    NONE ("\0\0\2\0\1\0\0\0\0\0\0\0\1\0\1\0\x18\0", "is a mouse pointer (CUR)"),
    NONE ("P6\n2 2\n255\n", "is a PNM picture"),
    NONE ("P6 is a hotel", "is not a picture (text)"),
    NONE ("P4\n# made by hand\n2 2\n", "is a PNM picture"),
    NONE ("P7\nWIDTH 2\n", "is a PNM picture"),
    NONE ("PF\n2 2\n-1.0\n", "is a PNM picture"),
    NONE ("Pf\n 2 2\n-1.0\n", "is a PNM picture"),
    NONE ("P8\n2 2\n", "is not a picture (text)"),
    NONE ("PG\n2 2\n", "is not a picture (text)"),
    NONE ("P6-2 2\n", "is not a picture (text)"),
    NONE ("P6\n", "is not a picture (text)"),
    NONE ("\xef\xbb\xbf<html>", "is not a picture (HTML)"),
    NONE ("\xef\xbb\xbf", "is not a picture (text)"),
    NONE (" \n ", "is not a picture (text)"),
    NONE ("<?xml version='1.0'?>\n<html>", "is not a picture (HTML)"),
    NONE ("<!-- drawn by hand --><svg/>", "is not a picture (an SVG drawing)"),
    NONE ("a < b, and no <svg>", "is not a picture (text)"),
    NONE ("data:image/png;base64,iVBORw0KGgo", "is not a picture (an address); save the picture itself"),
    NONE ("[InternetShortcut]\r\nURL=", "is not a picture (an address); save the picture that is there"),
    NONE ("Gr\xc3\xbc\xc3", "is not a picture (text)"), /* ends inside a character */
    NONE ("Gr\xff\xbc and more", "is not a picture (unknown binary data)"),
    NONE ("\xc3", "is not a picture (unknown binary data)"),
    NONE ("ID3\4\0\0", "is not a picture (a sound file (MP3))"),
    NONE ("MZ\x90\0\3", "is not a picture (a program for Windows)"),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].data, cases[i].size, IMAGE_ERROR_NOT_A_PICTURE, cases[i].words);
  assert_refused (NULL, 0, IMAGE_ERROR_NOT_A_PICTURE, "is empty");
}

/* A TGA has no magic in front: each byte of its header must fit. */
static void
test_tga (void)
{
  static const guint8 plain[18] = { [2] = 2, [12] = 5, [14] = 5, [16] = 24 };
  static const guint8 indexed[18] = { [1] = 1, [2] = 9, [3] = 1, [12] = 5, [15] = 1, [16] = 8 };
  static const struct {
    guint at;
    guint8 value;
    gboolean fits; /* the header with that byte */
  } changes[] = {
    { 2, 10, TRUE },  { 2, 3, TRUE },   { 2, 0, FALSE },    { 2, 4, FALSE },     { 2, 18, FALSE },
    { 1, 1, FALSE },  { 3, 1, FALSE },  { 6, 1, FALSE },    { 12, 0, FALSE },    { 14, 0, FALSE },
    { 13, 1, TRUE },  { 15, 1, TRUE },  { 16, 8, TRUE },    { 16, 15, TRUE },    { 16, 16, TRUE },
    { 16, 32, TRUE }, { 16, 7, FALSE }, { 17, 0x20, TRUE }, { 17, 0x80, FALSE }, { 17, 0x40, FALSE },
  };
  guint8 signed_file[64] = { 1 };

  assert_refused (plain, sizeof plain, IMAGE_ERROR_NOT_A_PICTURE, "is a TGA picture");
  assert_refused (indexed, sizeof indexed, IMAGE_ERROR_NOT_A_PICTURE, "is a TGA picture");
  assert_refused (plain, sizeof plain - 1, IMAGE_ERROR_NOT_A_PICTURE, "is a mouse pointer (CUR)");
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++) {
    guint8 changed[18];
    g_autoptr (GError) error = NULL;

    memcpy (changed, plain, sizeof changed);
    changed[changes[i].at] = changes[i].value;
    g_test_message ("case %zu", i);
    g_assert_false (check (changed, sizeof changed, &error));
    g_assert_cmpint (strstr (error->message, "is a TGA picture") != NULL, ==, changes[i].fits);
  }
  memcpy (signed_file + 64 - 18, "TRUEVISION-XFILE.", 18);
  assert_refused (signed_file, sizeof signed_file, IMAGE_ERROR_NOT_A_PICTURE, "is a TGA picture");
}

static void
add_for_each (const char *path, const char *const *names, gsize count, GTestDataFunc func)
{
  for (gsize i = 0; i < count; i++) {
    g_autofree char *full = g_strdup_printf ("%s/%s", path, names[i]);

    g_test_add_data_func (full, names[i], func);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image/kinds", test_kinds);
  g_test_add_func ("/image/other-kinds", test_other_kinds);
  g_test_add_func ("/image/no-picture", test_no_picture);
  g_test_add_func ("/image/tga", test_tga);
  g_test_add_func ("/image/jpeg/structure", test_jpeg_structure);
  g_test_add_func ("/image/png/structure", test_png_structure);
  g_test_add_func ("/image/png/without-palette", test_png_without_palette);
  add_for_each ("/image/cut", jpegs, G_N_ELEMENTS (jpegs), test_every_cut);
  add_for_each ("/image/cut", pngs, G_N_ELEMENTS (pngs), test_every_cut);
  add_for_each ("/image/trailing", jpegs, G_N_ELEMENTS (jpegs), test_trailing_bytes);
  add_for_each ("/image/trailing", pngs, G_N_ELEMENTS (pngs), test_trailing_bytes);
  add_for_each ("/image/flip", jpegs, G_N_ELEMENTS (jpegs), test_jpeg_bit_flips);
  add_for_each ("/image/flip", pngs, G_N_ELEMENTS (pngs), test_png_bit_flips);
  return g_test_run ();
}
