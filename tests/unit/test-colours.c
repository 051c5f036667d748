/* What a PNG says that its numbers mean: which chunks count, and which of them comes first. */

#include "image/colours.h"
#include "pictures.h"

typedef struct {
  const char *type;
  const char *data;
  gsize size;
} Chunk;

#define CHUNK(type, literal)                                                                                           \
  {                                                                                                                    \
    type, literal, sizeof literal - 1                                                                                  \
  }
#define P3_PQ CHUNK ("cICP", "\x0c\x10\0\1")
#define GAMMA CHUNK ("gAMA", "\0\0\xb1\x8f") /* 45455 of 100000 */
#define SRGB  CHUNK ("sRGB", "\0")
#define WHITE "\0\0\x7a\x26\0\0\x80\x84" /* 0.3127, 0.329 */
#define REST  "\0\0\xfa\0\0\0\x80\xe8\0\0\x75\x30\0\0\xea\x60\0\0\x3a\x98\0\0\x17\x70"

typedef struct {
  const char *name;
  Chunk chunks[2];
  gboolean tells;
  guint primaries, transfer;
  gboolean is_narrow, is_hdr;
  double gamma, white_x;
} Case;

#define UNKNOWN IMAGE_PRIMARIES_UNKNOWN, IMAGE_TRANSFER_UNKNOWN, FALSE, FALSE

static const Case cases[] = {
  { "no word", { { NULL } }, FALSE, UNKNOWN, 0, 0 },
  { "P3 with PQ", { P3_PQ }, TRUE, IMAGE_PRIMARIES_P3, IMAGE_TRANSFER_PQ, FALSE, TRUE, 0, 0 },
  { "HLG", { CHUNK ("cICP", "\x09\x12\0\1") }, TRUE, IMAGE_PRIMARIES_BT2020, IMAGE_TRANSFER_HLG, FALSE, TRUE, 0, 0 },
  { "narrow", { CHUNK ("cICP", "\1\x0d\0\0") }, TRUE, IMAGE_PRIMARIES_BT709, IMAGE_TRANSFER_SRGB, TRUE, FALSE, 0, 0 },
  { "not RGB", { CHUNK ("cICP", "\x0c\x10\1\1") }, FALSE, UNKNOWN, 0, 0 },
  { "cICP of three bytes", { CHUNK ("cICP", "\x0c\x10\0") }, FALSE, UNKNOWN, 0, 0 },
  { "sRGB is what everybody takes it for", { SRGB }, FALSE, UNKNOWN, 0, 0 },
  { "gamma", { GAMMA }, TRUE, UNKNOWN, 0.45455, 0 },
  { "gamma of none", { CHUNK ("gAMA", "\0\0\0\0") }, FALSE, UNKNOWN, 0, 0 },
  { "gamma of three bytes", { CHUNK ("gAMA", "\0\xb1\x8f") }, FALSE, UNKNOWN, 0, 0 },
  { "sRGB before gamma", { SRGB, GAMMA }, FALSE, UNKNOWN, 0, 0 },
  { "cICP before gamma", { GAMMA, P3_PQ }, TRUE, IMAGE_PRIMARIES_P3, IMAGE_TRANSFER_PQ, FALSE, TRUE, 0, 0 },
  { "primaries", { CHUNK ("cHRM", WHITE REST) }, TRUE, UNKNOWN, 0, 0.3127 },
  { "cICP before primaries",
    { CHUNK ("cHRM", WHITE REST), P3_PQ },
    TRUE,
    IMAGE_PRIMARIES_P3,
    IMAGE_TRANSFER_PQ,
    FALSE,
    TRUE,
    0,
    0 },
  { "white alone", { CHUNK ("cHRM", WHITE) }, FALSE, UNKNOWN, 0, 0 },
};

static void
test_chunks (gconstpointer data)
{
  const Case *expected = data;
  g_autoptr (GByteArray) png = picture_load ("rgb.png");
  ImageColours colours;

  for (gsize i = 0; i < G_N_ELEMENTS (expected->chunks) && expected->chunks[i].type != NULL; i++)
    picture_insert_png_chunk (png, expected->chunks[i].type, expected->chunks[i].data, expected->chunks[i].size);
  g_assert_cmpint (image_png_read_colours (png->data, png->len, &colours), ==, expected->tells);
  g_assert_cmpuint (colours.primaries, ==, expected->primaries);
  g_assert_cmpuint (colours.transfer, ==, expected->transfer);
  g_assert_cmpint (colours.is_narrow, ==, expected->is_narrow);
  g_assert_cmpint (image_colours_are_hdr (&colours), ==, expected->is_hdr);
  g_assert_cmpint (colours.beats_profile, ==, expected->primaries != IMAGE_PRIMARIES_UNKNOWN);
  g_assert_cmpfloat_with_epsilon (colours.gamma, expected->gamma, 1e-9);
  g_assert_cmpfloat_with_epsilon (colours.chromaticities[0], expected->white_x, 1e-4);
}

static void
test_no_png (void)
{
  g_autoptr (GByteArray) png = picture_load ("rgb.png"), jpeg = picture_load ("baseline.jpg");
  ImageColours colours;

  picture_insert_png_chunk (png, "cICP", "\x0c\x10\0\1", 4);
  g_assert_true (image_png_read_colours (png->data, png->len, &colours));
  g_assert_false (image_png_read_colours (png->data, png->len - 1, &colours));
  g_assert_false (image_png_read_colours (jpeg->data, jpeg->len, &colours));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/colours/%s", cases[i].name);

    g_test_add_data_func (path, &cases[i], test_chunks);
  }
  g_test_add_func ("/colours/no-png", test_no_png);
  return g_test_run ();
}
