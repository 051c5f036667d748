/* What the boxes of a HEIF file tell: made here, and those of real files, cut and bent. */
#include <string.h>

#include "convert/heif.h"
#include "pictures.h"

/* ---- boxes ---- */

typedef struct {
  guint version;        /* of pitm, iref and ipma: 0 has numbers of two bytes, 1 of four */
  gboolean wide;        /* properties are numbered by two bytes */
  gboolean large, open; /* meta tells its size by eight bytes; or as all that is left */
  guint primary;
  struct {
    const char *type; /* NULL: there is none */
    guint from, count, to;
  } reference;
  struct {
    guint item, property;
  } has;            /* the one item that has a property */
  const char *kind; /* of the second property, which is the colr; NULL: it is another box */
  gboolean premultiplied, tells;
} Case;

static void
put (GByteArray *to, guint64 number, guint bytes)
{
  for (guint i = bytes; i > 0; i--) {
    guint8 byte = (guint8)(number >> 8 * (i - 1));

    g_byte_array_append (to, &byte, 1);
  }
}

/* Consumes content. */
static void
put_box (GByteArray *to, const char *type, GByteArray *content)
{
  put (to, content->len + 8, 4);
  g_byte_array_append (to, (const guint8 *)type, 4);
  g_byte_array_append (to, content->data, content->len);
  g_byte_array_unref (content);
}

static GByteArray *
full_box (guint version, guint flags)
{
  GByteArray *box = g_byte_array_new ();

  put (box, version, 1);
  put (box, flags, 3);
  return box;
}

static GByteArray *
make_properties (const Case *from)
{
  GByteArray *iprp = g_byte_array_new (), *ipco = g_byte_array_new (), *colr = g_byte_array_new ();
  GByteArray *ipma = full_box (from->version, from->wide);

  put_box (ipco, "ispe", full_box (0, 0));
  if (from->kind != NULL)
    g_byte_array_append (colr, (const guint8 *)from->kind, 4);
  put (colr, IMAGE_PRIMARIES_P3, 2);
  put (colr, IMAGE_TRANSFER_PQ, 2);
  put_box (ipco, from->kind != NULL ? "colr" : "pixi", colr);
  put (ipma, 2, 4);
  put (ipma, from->has.item, from->version == 0 ? 2 : 4);
  put (ipma, 2, 1);
  put (ipma, 1, from->wide ? 2 : 1);
  put (ipma, from->has.property | (from->wide ? 0x8000 : 0x80), from->wide ? 2 : 1); /* an essential one */
  put (ipma, 99, from->version == 0 ? 2 : 4);
  put (ipma, 0, 1);
  put_box (iprp, "ipco", ipco);
  put_box (iprp, "ipma", ipma);
  return iprp;
}

static GByteArray *
make (const Case *from)
{
  GByteArray *file = g_byte_array_new (), *meta = full_box (0, 0), *pitm = full_box (from->version, 0);
  guint width = from->version == 0 ? 2 : 4;

  put_box (file, "ftyp", full_box (0, 0));
  put (pitm, from->primary, width);
  put_box (meta, "hdlr", full_box (0, 0));
  put_box (meta, "pitm", pitm);
  if (from->reference.type != NULL) {
    GByteArray *iref = full_box (from->version, 0), *reference = g_byte_array_new ();

    put_box (iref, "thmb", g_byte_array_new ());
    put (reference, from->reference.from, width);
    put (reference, from->reference.count, 2);
    put (reference, from->reference.to, width);
    put_box (iref, from->reference.type, reference);
    put_box (meta, "iref", iref);
  }
  put_box (meta, "iprp", make_properties (from));
  put (file, from->large ? 1 : from->open ? 0 : meta->len + 8, 4);
  g_byte_array_append (file, (const guint8 *)"meta", 4);
  if (from->large)
    put (file, meta->len + 16, 8);
  g_byte_array_append (file, meta->data, meta->len);
  g_byte_array_unref (meta);
  return file;
}

static const Case cases[] = {
  { .primary = 1, .has = { 1, 2 }, .kind = "nclx", .tells = TRUE },
  { .primary = 1, .has = { 1, 2 }, .kind = "nclx", .tells = TRUE, .version = 1 },
  { .primary = 1, .has = { 1, 2 }, .kind = "nclx", .tells = TRUE, .wide = TRUE },
  { .primary = 1, .has = { 1, 2 }, .kind = "nclx", .tells = TRUE, .large = TRUE },
  { .primary = 1, .has = { 1, 2 }, .kind = "nclx", .tells = TRUE, .open = TRUE },
  { .primary = 1, .has = { 1, 2 }, .kind = "prof" },
  { .primary = 1, .has = { 1, 2 } },
  { .primary = 1, .has = { 1, 1 }, .kind = "nclx" },
  { .primary = 1, .has = { 1, 3 }, .kind = "nclx" },
  { .primary = 1, .has = { 1, 0 }, .kind = "nclx" },
  { .primary = 1, .has = { 2, 2 }, .kind = "nclx" },
  /* the first tile's */
  { .primary = 1, .reference = { "dimg", 1, 1, 2 }, .has = { 2, 2 }, .kind = "nclx", .tells = TRUE },
  { .primary = 1, .reference = { "dimg", 1, 1, 2 }, .has = { 2, 2 }, .kind = "nclx", .tells = TRUE, .version = 1 },
  { .primary = 1, .reference = { "dimg", 1, 0, 2 }, .has = { 2, 2 }, .kind = "nclx" },
  { .primary = 1, .reference = { "dimg", 3, 1, 2 }, .has = { 2, 2 }, .kind = "nclx" },
  { .primary = 1, .reference = { "thmb", 1, 1, 2 }, .has = { 2, 2 }, .kind = "nclx" },
  { .primary = 1, .reference = { "dimg", 1, 1, 3 }, .has = { 2, 2 }, .kind = "nclx" },
  /* alpha */
  { .primary = 1, .reference = { "prem", 1, 1, 2 }, .has = { 1, 1 }, .premultiplied = TRUE },
  { .primary = 1, .reference = { "prem", 1, 1, 2 }, .has = { 1, 1 }, .premultiplied = TRUE, .version = 1 },
  { .primary = 2, .reference = { "prem", 1, 1, 2 }, .has = { 1, 1 } },
  { .primary = 1, .reference = { "auxl", 1, 1, 2 }, .has = { 1, 1 } },
};

static void
test_boxes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) file = make (&cases[i]);
    ImageColours colours;

    g_test_message ("case %zu", i);
    g_assert_cmpint (heif_is_premultiplied (file->data, file->len), ==, cases[i].premultiplied);
    g_assert_cmpint (heif_read_colours (file->data, file->len, &colours), ==, cases[i].tells);
    if (!cases[i].tells)
      continue;
    g_assert_cmpuint (colours.primaries, ==, IMAGE_PRIMARIES_P3);
    g_assert_cmpuint (colours.transfer, ==, IMAGE_TRANSFER_PQ);
  }
}

/* Cut anywhere, a file whose boxes are the last thing in it tells nothing; and no byte of it leads outside (sanitizers look). */
static void
test_cut_boxes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) file = make (&cases[i]);
    ImageColours colours;

    for (gsize cut = 0; cut < file->len && !cases[i].open; cut++) {
      g_autofree guint8 *exact = g_memdup2 (file->data, cut);

      g_assert_false (heif_is_premultiplied (exact, cut));
      g_assert_false (heif_read_colours (exact, cut, &colours));
    }
    for (gsize at = 0; at < file->len; at++)
      for (guint value = 0; value < 256; value += 15) {
        g_autofree guint8 *bent = g_memdup2 (file->data, file->len);

        bent[at] = (guint8)value;
        heif_is_premultiplied (bent, file->len);
        if (heif_read_colours (bent, file->len, &colours))
          g_assert_cmpuint (colours.primaries, <=, G_MAXUINT16);
      }
  }
}

/* ---- real files ---- */

static void
test_files (void)
{
  static const struct {
    const char *name;
    gboolean premultiplied, tells;
    guint transfer;
  } files[] = { { "premultiplied.avif", TRUE, TRUE, IMAGE_TRANSFER_SRGB },
                { "pq.heic", FALSE, FALSE, 0 },
                { "pq.avif", FALSE, TRUE, IMAGE_TRANSFER_PQ },
                { "baseline.jpg", FALSE, FALSE, 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autoptr (GByteArray) file = picture_load (files[i].name);
    ImageColours whole, part;

    g_test_message ("%s", files[i].name);
    g_assert_cmpint (heif_is_premultiplied (file->data, file->len), ==, files[i].premultiplied);
    g_assert_cmpint (heif_read_colours (file->data, file->len, &whole), ==, files[i].tells);
    if (files[i].tells)
      g_assert_cmpuint (whole.transfer, ==, files[i].transfer);
    for (gsize cut = 0; cut < file->len; cut++) {
      g_autofree guint8 *exact = g_memdup2 (file->data, cut);

      if (heif_read_colours (exact, cut, &part))
        g_assert_cmpuint (part.transfer, ==, whole.transfer);
      g_assert_true (!heif_is_premultiplied (exact, cut) || files[i].premultiplied);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/heif/boxes", test_boxes);
  g_test_add_func ("/heif/cut-boxes", test_cut_boxes);
  g_test_add_func ("/heif/files", test_files);
  return g_test_run ();
}
