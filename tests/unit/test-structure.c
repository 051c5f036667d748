/* Headers and blocks that make a PNG, a GIF or a BMP one, field by field. */
#include <string.h>

#include "image/header.h"
#include "image/image.h"
#include "pictures.h"

/* FALSE with a sentence, or TRUE. Both directions agree on what is whole. */
static void
assert_whole (const GByteArray *picture, const char *words)
{
  g_autofree guint8 *exact = g_memdup2 (picture->data, picture->len);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (image_check_download (exact, picture->len, &error), ==, words == NULL);
  if (words == NULL)
    g_assert_no_error (error);
  else if (strstr (error->message, words) == NULL)
    g_error ("\"%s\" is not in \"%s\"", words, error->message);
}

/* ---- PNG ---- */

static GByteArray *
make_png (const guint8 *header, gsize size)
{
  GByteArray *png = g_byte_array_new ();

  g_byte_array_append (png, (const guint8 *)"\x89PNG\r\n\x1a\n", 8);
  picture_append_png_chunk (png, "IHDR", header, size);
  picture_append_png_chunk (png, "PLTE", "rgb", 3);
  picture_append_png_chunk (png, "IDAT", "pixels", 6);
  picture_append_png_chunk (png, "IEND", "", 0);
  return png;
}

static void
test_png_header (void)
{
  enum { WIDTH = 0, HEIGHT = 4, DEPTH = 8, COLOUR = 9, COMPRESSION = 10, FILTER = 11, INTERLACE = 12 };
  static const guint8 sane[13] = { [3] = 1, [7] = 1, [DEPTH] = 8, [COLOUR] = 2 };
  static const struct {
    guint at;
    guint8 value;
    gboolean is_sane;
  } changes[] = {
    { DEPTH, 8, TRUE },     { DEPTH, 16, TRUE },     { DEPTH, 4, FALSE },       { DEPTH, 17, FALSE },
    { DEPTH, 0, FALSE },    { COLOUR, 0, TRUE },     { COLOUR, 3, TRUE },       { COLOUR, 4, TRUE },
    { COLOUR, 6, TRUE },    { COLOUR, 1, FALSE },    { COLOUR, 5, FALSE },      { COLOUR, 7, FALSE },
    { WIDTH, 0x80, FALSE }, { HEIGHT, 0x80, FALSE }, { WIDTH + 3, 0, FALSE },   { HEIGHT + 3, 0, FALSE },
    { WIDTH, 0x7f, TRUE },  { HEIGHT, 0x7f, TRUE },  { COMPRESSION, 1, FALSE }, { FILTER, 1, FALSE },
    { INTERLACE, 1, TRUE }, { INTERLACE, 2, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++) {
    guint8 header[13];
    g_autoptr (GByteArray) png = NULL;

    memcpy (header, sane, sizeof header);
    header[changes[i].at] = changes[i].value;
    png = make_png (header, sizeof header);
    g_test_message ("case %zu", i);
    assert_whole (png, changes[i].is_sane ? NULL : "a wrong header");
  }
  for (gsize size = 10; size < 16; size++) {
    static const guint8 longer[16] = { [3] = 1, [7] = 1, [DEPTH] = 8, [COLOUR] = 2 };
    g_autoptr (GByteArray) png = make_png (longer, size);

    assert_whole (png, size == 13 ? NULL : "a wrong header");
  }
}

/* ---- GIF ---- */

#define BYTES(literal) literal, sizeof literal - 1
#define SCREEN         "GIF89a\1\0\1\0\0\0\0"
#define COLOURED       "GIF89a\1\0\1\0\x80\0\0" /* a table of two colours follows */
#define TABLE          "rgbrgb"
#define PICTURE        "\x2c\0\0\0\0\1\0\1\0\0\2\2pp\0"
#define OWN            "\x2c\0\0\0\0\1\0\1\0\x80" TABLE "\2\2pp\0"
#define COMMENT        "\x21\xfe\2hi\0"
#define END            "\x3b"

static void
test_gif (void)
{
  static const struct {
    const char *name, *bytes;
    gsize size;
    const char *words;
  } cases[] = {
    { "least", BYTES (SCREEN PICTURE END), NULL },
    { "with tables", BYTES (COLOURED TABLE COMMENT OWN END), NULL },
    { "two pictures", BYTES (SCREEN PICTURE COMMENT PICTURE END), NULL },
    { "what follows its end", BYTES (SCREEN PICTURE END "more"), NULL },
    { "no end", BYTES (SCREEN PICTURE), "no end of the GIF" },
    { "no picture", BYTES (SCREEN COMMENT END), "no picture in the GIF" },
    { "nothing", BYTES (SCREEN), "no end of the GIF" },
    { "cut in the screen", BYTES ("GIF89a\1\0\1"), "no end of the GIF" },
    { "cut in the table", BYTES (COLOURED "rgb"), "no end of the GIF" },
    { "cut in the descriptor", BYTES (SCREEN "\x2c\0\0\0\0\1\0\1\0"), "no end of the GIF" },
    { "cut before the pixels", BYTES (SCREEN "\x2c\0\0\0\0\1\0\1\0\0"), "no end of the GIF" },
    { "cut in the pixels", BYTES (SCREEN "\x2c\0\0\0\0\1\0\1\0\0\2\2p"), "no end of the GIF" },
    { "cut in a comment", BYTES (SCREEN PICTURE "\x21\xfe\x09hi"), "no end of the GIF" },
    { "no block", BYTES (SCREEN PICTURE "x" END), "no block at byte 28" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) gif = g_byte_array_new ();

    g_test_message ("%s", cases[i].name);
    g_byte_array_append (gif, (const guint8 *)cases[i].bytes, (guint)cases[i].size);
    assert_whole (gif, cases[i].words);
  }
}

/* ---- BMP ---- */

/* Two letters are no magic: the header behind them has one of the sizes that there are. */
static void
test_bmp (void)
{
  static const struct {
    guint8 size[4];
    gboolean is_bmp;
  } headers[] = { { { 12 }, TRUE },   { { 16 }, TRUE },     { { 40 }, TRUE },        { { 108 }, TRUE },
                  { { 124 }, TRUE },  { { 0 }, FALSE },     { { 13 }, FALSE },       { { 39 }, FALSE },
                  { { 125 }, FALSE }, { { 40, 1 }, FALSE }, { { 40, 0, 1 }, FALSE }, { { 40, 0, 0, 1 }, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++) {
    guint8 bytes[18] = "BM\1\1\1\1";

    memcpy (bytes + 14, headers[i].size, 4);
    g_assert_cmpint (image_kind (bytes, sizeof bytes), ==, headers[i].is_bmp ? IMAGE_KIND_BMP : IMAGE_KIND_NONE);
    g_assert_cmpint (image_may_begin_with (bytes, sizeof bytes), ==, headers[i].is_bmp);
    g_assert_cmpint (image_kind (bytes, 17), ==, IMAGE_KIND_NONE);
    g_assert_true (image_may_begin_with (bytes, 17));
    bytes[7] = 1; /* reserved */
    g_assert_cmpint (image_kind (bytes, sizeof bytes), ==, IMAGE_KIND_NONE);
  }
}

/* ---- junk in a JPEG ---- */

#define SOI  "\xff\xd8"
#define SOF  "\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
#define SCAN "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x12\x34"
#define COM  "\xff\xfe\x00\x04hi"
#define EOI  "\xff\xd9"

/* Bytes between segments that belong to none are left out, and nothing else is. */
static void
test_junk (void)
{
  static const struct {
    const char *name, *bytes;
    gsize size;
    gsize count; /* 0: it is not mended */
  } cases[] = {
    { "one byte", BYTES (SOI SOF "x" SCAN EOI), 1 },
    { "twice", BYTES (SOI SOF "x" COM "junk" SCAN EOI), 5 },
    { "stuffed bytes", BYTES (SOI SOF "x\xff\x00y" SCAN EOI), 4 },
    { "stuffed bytes alone", BYTES (SOI SOF "\xff\x00" SCAN EOI), 2 },
    { "fill bytes are none", BYTES (SOI SOF "\xff\xff" SCAN EOI), 0 },
    { "none", BYTES (SOI SOF SCAN EOI), 0 },
    { "no marker comes", BYTES (SOI SOF "x"), 0 },
    { "only fill bytes come", BYTES (SOI SOF "x\xff\xff"), 0 },
    { "only stuffed bytes come", BYTES (SOI SOF "x\xff\x00\xff\x00"), 0 },
    { "cut as well", BYTES (SOI SOF "x" SCAN), 0 },
  };
  static const char clean[] = SOI SOF SCAN EOI, commented[] = SOI SOF COM SCAN EOI;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree guint8 *exact = g_memdup2 (cases[i].bytes, cases[i].size);
    gsize count = 0;
    g_autoptr (GBytes) mended = image_jpeg_without_junk (exact, cases[i].size, &count);

    g_test_message ("%s", cases[i].name);
    g_assert_cmpint (mended != NULL, ==, cases[i].count > 0);
    if (mended == NULL)
      continue;
    g_assert_cmpuint (count, ==, cases[i].count);
    if (cases[i].count == 5)
      g_assert_cmpmem (g_bytes_get_data (mended, NULL), g_bytes_get_size (mended), commented, sizeof commented - 1);
    else
      g_assert_cmpmem (g_bytes_get_data (mended, NULL), g_bytes_get_size (mended), clean, sizeof clean - 1);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/structure/png-header", test_png_header);
  g_test_add_func ("/structure/gif", test_gif);
  g_test_add_func ("/structure/bmp", test_bmp);
  g_test_add_func ("/structure/junk", test_junk);
  return g_test_run ();
}
