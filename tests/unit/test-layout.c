/* Which picture of a TIFF is the picture, and which TIFFs are a camera's raw files: directories of every kind, made here. */

#include <string.h>

#include "image/image.h"
#include "image/layout.h"

/* Each directory has a place of its own, and its long values are in the same place. */
#define FIRST       64
#define EACH        256
#define VALUES      160
#define SUBFILE     254
#define OLD_SUBFILE 255
#define COMPRESSION 259
#define COLOURS     262
#define MAKE        271
#define PARTS       330
#define DNG         50706

enum { ASCII = 2, SHORT = 3, LONG = 4, IFD = 13, LONG8 = 16, IFD8 = 18 };

typedef struct {
  guint tag, type, count;
  guint64 value;    /* PARTS: the number of the first of count directories, from 1 */
  const char *text; /* in place of a value */
} Entry;

typedef struct {
  Entry entries[3];
  guint next; /* the number of a directory, from 1; 0: none */
} Directory;

typedef struct {
  const char *name;
  Directory directories[4];
  ImageTiff expected; /* without its offset */
  const char *magic;  /* at byte 8, or NULL */
} Case;

typedef struct {
  guint8 bytes[FIRST + 5 * EACH];
  gboolean big_endian, is_big;
} File;

static void
put (File *file, gsize at, guint64 value, guint count)
{
  for (guint i = 0; i < count; i++)
    file->bytes[at + i] = (guint8)(value >> 8 * (file->big_endian ? count - 1 - i : i));
}

static guint64
offset_of (guint directory)
{
  return directory > 0 ? FIRST + (directory - 1) * EACH : 0;
}

static guint
size_of (guint type)
{
  return type == SHORT ? 2 : type == LONG || type == IFD ? 4 : type == ASCII ? 1 : 8;
}

static void
put_entry (File *file, gsize at, gsize values, const Entry *entry)
{
  guint room = file->is_big ? 8 : 4, size = size_of (entry->type);
  gsize inside = at + (file->is_big ? 12 : 8);
  gsize to = entry->count * size > room ? values : inside;

  put (file, at, entry->tag, 2);
  put (file, at + 2, entry->type, 2);
  put (file, at + 4, entry->count, room);
  if (to == values)
    put (file, inside, values, room);
  if (entry->text != NULL)
    memcpy (file->bytes + to, entry->text, entry->count);
  for (guint i = 0; i < entry->count && entry->text == NULL; i++)
    put (file, to + (gsize)i * size, entry->tag == PARTS ? offset_of ((guint)entry->value + i) : entry->value, size);
}

static void
put_directory (File *file, guint number, const Directory *directory)
{
  gsize at = offset_of (number);
  guint width = file->is_big ? 8 : 2, each = file->is_big ? 20 : 12, count = 0;

  for (; count < G_N_ELEMENTS (directory->entries) && directory->entries[count].tag != 0; count++)
    put_entry (file, at + width + (gsize)count * each, at + VALUES, &directory->entries[count]);
  put (file, at, count, width);
  put (file, at + width + (gsize)count * each, offset_of (directory->next), file->is_big ? 8 : 4);
}

static void
make (File *file, const Case *from)
{
  memcpy (file->bytes, file->big_endian ? "MM" : "II", 2);
  put (file, 2, file->is_big ? 43 : 42, 2);
  if (file->is_big)
    put (file, 4, 8, 2);
  put (file, file->is_big ? 8 : 4, FIRST, file->is_big ? 8 : 4);
  if (from->magic != NULL && !file->is_big)
    memcpy (file->bytes + 8, from->magic, strlen (from->magic));
  for (guint i = 0; i < G_N_ELEMENTS (from->directories); i++)
    put_directory (file, i + 1, &from->directories[i]);
}

#define SMALL                                                                                                          \
  {                                                                                                                    \
    SUBFILE, LONG, 1, 1, NULL                                                                                          \
  }
#define SENSOR                                                                                                         \
  {                                                                                                                    \
    COLOURS, SHORT, 1, 32803, NULL                                                                                     \
  }
#define BY(make, length)                                                                                               \
  {                                                                                                                    \
    MAKE, ASCII, length, 0, make                                                                                       \
  }
#define COLOUR(value, expected)                                                                                        \
  {                                                                                                                    \
    "colours " #value, { { { { COLOURS, LONG, 1, value, NULL } }, 0 } }, expected, NULL                                \
  }
#define PACKED(value, expected)                                                                                        \
  {                                                                                                                    \
    "compression " #value, { { { { COMPRESSION, LONG, 1, value, NULL } }, 0 } }, expected, NULL                        \
  }
#define RAW(make, length, raw)                                                                                         \
  {                                                                                                                    \
    "raw of " make, { { { SENSOR, BY (make, length) }, 0 } }, { raw, 1, 0, -1, 0 }, NULL                               \
  }
#define PICTURE_OF(page, part)                                                                                         \
  {                                                                                                                    \
    NULL, 1, page, part, 0                                                                                             \
  }
#define ONE                                                                                                            \
  {                                                                                                                    \
    NULL, 1, 0, -1, 0                                                                                                  \
  }
#define NONE                                                                                                           \
  {                                                                                                                    \
    NULL, 0, 0, -1, 0                                                                                                  \
  }
#define SOME_CAMERA                                                                                                    \
  {                                                                                                                    \
    "with a sensor's data", 1, 0, -1, 0                                                                                \
  }

/* clang-format off */
static const Case cases[] = {
  { "one picture", { { { { 256, SHORT, 1, 3, NULL } }, 0 } }, ONE, NULL },
  { "two pages", { { { { 0 } }, 2 }, { { { 0 } }, 0 } }, { NULL, 2, 0, -1, 0 }, NULL },
  { "a small copy in front", { { { SMALL }, 2 }, { { { 0 } }, 0 } }, PICTURE_OF (1, -1), NULL },
  { "a small copy behind", { { { { 0 } }, 2 }, { { SMALL }, 0 } }, ONE, NULL },
  { "a small copy alone", { { { SMALL }, 0 } }, NONE, NULL },
  { "a mask in front", { { { { SUBFILE, LONG, 1, 4, NULL } }, 2 }, { { { 0 } }, 0 } }, PICTURE_OF (1, -1), NULL },
  { "a page is a picture", { { { { SUBFILE, LONG, 1, 2, NULL } }, 0 } }, ONE, NULL },
  { "a small copy, as of old", { { { { OLD_SUBFILE, SHORT, 1, 2, NULL } }, 2 }, { { { 0 } }, 0 } }, PICTURE_OF (1, -1), NULL },
  { "a picture, as of old", { { { { OLD_SUBFILE, SHORT, 1, 1, NULL } }, 0 } }, ONE, NULL },
  { "small by both", { { { SMALL, { OLD_SUBFILE, SHORT, 1, 1, NULL } }, 0 } }, NONE, NULL },
  COLOUR (2, ONE), COLOUR (4, NONE), COLOUR (51177, NONE), COLOUR (52527, NONE), COLOUR (34892, SOME_CAMERA),
  PACKED (1, ONE), PACKED (5, ONE), PACKED (32767, SOME_CAMERA), PACKED (32770, SOME_CAMERA), PACKED (65535, SOME_CAMERA),
  RAW ("NIKON CORPORATION", 18, "Nikon NEF"), RAW ("SONY", 5, "Sony ARW"), RAW ("PENTAX", 7, "Pentax PEF"),
  RAW ("RICOH", 6, "Ricoh PEF"), RAW ("SAMSUNG", 8, "Samsung SRW"), RAW ("Hasselblad", 11, "Hasselblad 3FR"),
  RAW ("EASTMAN KODAK", 14, "Kodak DCR"), RAW ("N", 2, "with a sensor's data"), RAW ("Leica", 6, "with a sensor's data"),
  { "DNG", { { { { DNG, 1, 4, 0x01040000, "\1\4\0" }, SENSOR }, 0 } }, { "DNG", 1, 0, -1, 0 }, NULL },
  { "the sensor is on the second page", { { { { 0 } }, 2 }, { { SENSOR }, 0 } }, { "with a sensor's data", 2, 0, -1, 0 }, NULL },
  { "the sensor is in a part", { { { { PARTS, LONG, 1, 2, NULL }, BY ("Kodak", 6) }, 0 }, { { SENSOR }, 0 } },
    { "Kodak DCR", 1, 0, -1, 0 }, NULL },
  { "parts of a picture are not looked for", { { { { PARTS, LONG, 2, 2, NULL } }, 0 }, { { { 0 } }, 0 }, { { { 0 } }, 0 } }, ONE, NULL },
  { "the second part", { { { SMALL, { PARTS, LONG, 2, 2, NULL } }, 0 }, { { SMALL }, 0 }, { { { 0 } }, 0 } }, PICTURE_OF (0, 1), NULL },
  { "two parts in full", { { { SMALL, { PARTS, IFD, 2, 2, NULL } }, 0 }, { { { 0 } }, 0 }, { { { 0 } }, 0 } }, { NULL, 2, 0, 0, 0 }, NULL },
  { "a part that is nowhere", { { { SMALL, { PARTS, LONG, 1, 900, NULL } }, 0 } }, NONE, NULL },
  { "one part in short", { { { SMALL, { PARTS, SHORT, 1, 2, NULL } }, 0 }, { { { 0 } }, 0 } }, PICTURE_OF (0, 0), NULL },
  { "parts with long offsets", { { { SMALL, { PARTS, IFD8, 1, 2, NULL } }, 0 }, { { { 0 } }, 0 } }, PICTURE_OF (0, 0), NULL },
  { "two with long offsets", { { { SMALL, { PARTS, LONG8, 2, 2, NULL } }, 0 }, { { SMALL }, 0 }, { { { 0 } }, 0 } }, PICTURE_OF (0, 1), NULL },
  { "sixteen parts are looked at", { { { SMALL, { PARTS, SHORT, 17, 900, NULL } }, 0 } }, NONE, NULL },
  { "a circle", { { { { 0 } }, 2 }, { { SMALL }, 1 } }, { NULL, 64, 0, -1, 0 }, NULL },
  { "itself", { { { { 0 } }, 1 } }, { NULL, 128, 0, -1, 0 }, NULL },
};

/* What the header says; in a BigTIFF those bytes are another thing. */
static const Case marked[] = {
  { "CR2", { { { { 0 } }, 0 } }, { "Canon CR2", 1, 0, -1, 0 }, "CR\2" },
  { "IIQ", { { { { 0 } }, 0 } }, { "Phase One IIQ", 1, 0, -1, 0 }, "IIII" },
  { "IIQ, big-endian", { { { { 0 } }, 0 } }, { "Phase One IIQ", 1, 0, -1, 0 }, "MMMM" },
};
/* clang-format on */

static void
check (const File *file, const Case *from)
{
  const ImageTiff *expected = &from->expected;
  g_autofree guint8 *exact = g_memdup2 (file->bytes, sizeof file->bytes);
  g_autoptr (GError) error = NULL;
  ImageTiff tiff;

  g_assert_true (image_tiff_read (exact, sizeof file->bytes, &tiff));
  g_assert_cmpstr (tiff.raw, ==, expected->raw);
  g_assert_cmpint (tiff.pictures, ==, expected->pictures);
  g_assert_cmpint (tiff.page, ==, expected->page);
  g_assert_cmpint (tiff.part, ==, expected->part);
  g_assert_cmpint (image_check_download (exact, sizeof file->bytes, &error), ==,
                   expected->raw == NULL && expected->pictures > 0);
  if (expected->raw != NULL)
    g_assert_true (strstr (error->message, "camera's raw file") && strstr (error->message, expected->raw));
  else if (expected->pictures == 0)
    g_assert_nonnull (strstr (error->message, "smaller copies of a picture alone"));
}

static void
test_layout (gconstpointer data)
{
  for (guint i = 0; i < 4; i++) {
    File file = { .big_endian = i & 1, .is_big = i >> 1 };

    make (&file, data);
    check (&file, data);
  }
}

static void
test_marked (gconstpointer data)
{
  File file = { .big_endian = FALSE };

  make (&file, data);
  check (&file, data);
}

/* Cut and bent anywhere, it is read without a step outside (the sanitizers look), and never for longer than it may take. */
static void
test_broken (gconstpointer data)
{
  for (guint i = 0; i < 4; i++) {
    File file = { .big_endian = i & 1, .is_big = i >> 1 };
    ImageTiff tiff;

    make (&file, data);
    for (gsize cut = 0; cut < sizeof file.bytes; cut++) {
      g_autofree guint8 *exact = g_memdup2 (file.bytes, cut);

      g_assert_cmpint (image_tiff_read (exact, cut, &tiff), ==, cut >= FIRST + (file.is_big ? 8 : 2));
    }
    for (gsize at = 0; at < sizeof file.bytes; at++) {
      guint8 was = file.bytes[at];

      file.bytes[at] = 0xff;
      if (image_tiff_read (file.bytes, sizeof file.bytes, &tiff))
        g_assert_cmpint (tiff.pictures, <=, 128);
      file.bytes[at] = was;
    }
  }
}

static void
test_no_layout (void)
{
  static const struct {
    const char *bytes;
    gsize size;
  } none[] = {
#define BYTES(literal) { literal, sizeof literal - 1 }
    BYTES (""),
    BYTES ("II"),
    BYTES ("IM*\0\x08\0\0\0\0\0\0\0\0\0"),
    BYTES ("II)\0\x08\0\0\0\0\0\0\0\0\0"),
    BYTES ("II*\0\0\0\0\0\0\0\0\0\0\0"),
    BYTES ("II*\0\xff\0\0\0\0\0\0\0\0\0"),
    BYTES ("MM\0*\0\0\0\x08\0"),
    BYTES ("MM\0*\xff\xff\xff\xff\0\0"),
    BYTES ("II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\0\0"),
  };
  ImageTiff tiff;

  for (gsize i = 0; i < G_N_ELEMENTS (none); i++) {
    g_autofree guint8 *exact = g_memdup2 (none[i].bytes, none[i].size);

    g_test_message ("case %zu", i);
    g_assert_false (image_tiff_read (exact, none[i].size, &tiff));
    g_assert_cmpint (tiff.pictures, ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *whole = g_strdup_printf ("/layout/%s", cases[i].name);
    g_autofree char *broken = g_strdup_printf ("/layout/broken/%s", cases[i].name);

    g_test_add_data_func (whole, &cases[i], test_layout);
    g_test_add_data_func (broken, &cases[i], test_broken);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (marked); i++) {
    g_autofree char *path = g_strdup_printf ("/layout/%s", marked[i].name);

    g_test_add_data_func (path, &marked[i], test_marked);
  }
  g_test_add_func ("/layout/none", test_no_layout);
  return g_test_run ();
}
