/*
 * The walk through a TIFF: header, then directories, each with the offset of the next one. A directory is a list of
 * entries of 12 bytes (BigTIFF: 20): tag, type, count, and the values or their offset. It may have directories of its own
 * (SubIFDs), where raw files keep what the sensor saw.
 */
#define G_LOG_DOMAIN "contactfs"

#include "image/layout.h"

#include <string.h>

/* What is behind these is hardly a picture; the number ends chains that lead in a circle, too. */
#define MAX_DIRECTORIES 128
#define MAX_PARTS       16

enum {
  NEW_SUBFILE_TYPE = 254,
  OLD_SUBFILE_TYPE = 255,
  COMPRESSION = 259,
  COLOURS = 262,
  MAKE = 271,
  SUB_DIRECTORIES = 330,
  DNG_VERSION = 50706,
};

enum { IS_REDUCED = 1, IS_MASK = 4, OLD_REDUCED = 2 };
enum { MASK = 4, SENSOR = 32803, LINEAR_SENSOR = 34892, DEPTHS = 51177, MEANINGS = 52527 };

typedef struct {
  const guint8 *data;
  gsize size;
  gboolean big_endian;
  gboolean is_big; /* BigTIFF */
  guint left;      /* directories that may still be looked at */
} File;

typedef struct {
  guint64 offset;
  guint64 next;
  gboolean is_picture; /* in full */
  gboolean is_raw;
  gboolean has_dng_version;
  char make[8];
  guint parts;
  guint64 part[MAX_PARTS]; /* offsets */
} Directory;

/* count bytes at offset; 0 for what is not there. */
static guint64
get (const File *file, guint64 offset, guint count)
{
  guint64 value = 0;

  if (offset > file->size || count > file->size - offset)
    return 0;
  for (guint i = 0; i < count; i++)
    value = value << 8 | file->data[offset + (file->big_endian ? i : count - 1 - i)];
  return value;
}

static guint
type_size (guint type)
{
  switch (type) {
  case 3: /* SHORT */
    return 2;
  case 4:  /* LONG */
  case 13: /* IFD */
    return 4;
  case 16: /* LONG8 */
  case 18: /* IFD8 */
    return 8;
  default:
    return 1;
  }
}

/* Where the values of the entry at offset are. */
static guint64
find_values (const File *file, guint64 entry, guint type, guint64 count)
{
  guint room = file->is_big ? 8 : 4;
  guint64 at = entry + (file->is_big ? 12 : 8);

  return count > room / type_size (type) ? get (file, at, room) : at;
}

/* Only cameras compress so. */
static gboolean
is_camera_compression (guint64 value)
{
  static const guint values[] = { 32767, 32769, 32770, 32867, 34713, 65000, 65535 };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    if (values[i] == value)
      return TRUE;
  return FALSE;
}

static void
read_entry (const File *file, guint64 entry, Directory *directory)
{
  guint tag = (guint)get (file, entry, 2), type = (guint)get (file, entry + 2, 2);
  guint64 count = get (file, entry + 4, file->is_big ? 8 : 4);
  guint64 at = find_values (file, entry, type, count), value = get (file, at, type_size (type));

  switch (tag) {
  case NEW_SUBFILE_TYPE:
    directory->is_picture = directory->is_picture && (value & (IS_REDUCED | IS_MASK)) == 0;
    break;
  case OLD_SUBFILE_TYPE:
    directory->is_picture = directory->is_picture && value != OLD_REDUCED;
    break;
  case COMPRESSION:
    directory->is_raw = directory->is_raw || is_camera_compression (value);
    break;
  case COLOURS:
    directory->is_raw = directory->is_raw || value == SENSOR || value == LINEAR_SENSOR;
    if (value == MASK || value == DEPTHS || value == MEANINGS)
      directory->is_picture = FALSE;
    break;
  case MAKE:
    for (gsize i = 0; i < MIN (sizeof directory->make - 1, count); i++)
      directory->make[i] = (char)get (file, at + i, 1);
    break;
  case SUB_DIRECTORIES:
    directory->parts = (guint)MIN (count, MAX_PARTS);
    for (guint i = 0; i < directory->parts; i++)
      directory->part[i] = get (file, at + (guint64)i * type_size (type), type_size (type));
    break;
  case DNG_VERSION:
    directory->has_dng_version = TRUE;
    break;
  default:
    break;
  }
}

static gboolean
read_directory (File *file, guint64 offset, Directory *directory)
{
  guint width = file->is_big ? 8 : 2, entry_size = file->is_big ? 20 : 12;
  guint64 count;

  if (offset == 0 || offset >= file->size || file->size - offset < width || file->left == 0)
    return FALSE;
  file->left--;
  *directory = (Directory){ .offset = offset, .is_picture = TRUE };
  count = MIN (get (file, offset, width), (file->size - offset - width) / entry_size);
  for (guint64 i = 0; i < MIN (count, G_MAXUINT16); i++)
    read_entry (file, offset + width + i * entry_size, directory);
  directory->next = get (file, offset + width + count * entry_size, file->is_big ? 8 : 4);
  return TRUE;
}

static const char *
name_raw (const char *make)
{
  static const struct {
    const char *make; /* as it begins */
    const char *name;
  } cameras[] = { { "NIKON", "Nikon NEF" },        { "SONY", "Sony ARW" },       { "PENTAX", "Pentax PEF" },
                  { "RICOH", "Ricoh PEF" },        { "SAMSUNG", "Samsung SRW" }, { "Canon", "Canon CR2" },
                  { "Hasselb", "Hasselblad 3FR" }, { "EPSON", "Epson ERF" },     { "Kodak", "Kodak DCR" },
                  { "EASTMAN", "Kodak DCR" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cameras); i++)
    if (g_ascii_strncasecmp (make, cameras[i].make, strlen (cameras[i].make)) == 0)
      return cameras[i].name;
  return "with a sensor's data";
}

static gboolean
has_at (const File *file, gsize offset, const char *magic)
{
  gsize length = strlen (magic);

  return file->size >= offset + length && memcmp (file->data + offset, magic, length) == 0;
}

static void
take (ImageTiff *tiff, int page, int part, const Directory *directory)
{
  if (!directory->is_picture)
    return;
  if (tiff->pictures++ > 0)
    return;
  tiff->page = page;
  tiff->part = part;
  tiff->offset = directory->offset;
}

/* The sub-directories of one; its smaller copies are there too. Returns whether one is a sensor's. */
static gboolean
take_parts (File *file, const Directory *directory, int page, ImageTiff *tiff)
{
  gboolean is_raw = FALSE;

  for (guint i = 0; i < directory->parts; i++) {
    Directory part;

    if (!read_directory (file, directory->part[i], &part))
      continue;
    is_raw = is_raw || part.is_raw;
    if (!directory->is_picture)
      take (tiff, page, (int)i, &part);
  }
  return is_raw;
}

static gboolean
read_header (File *file, guint64 *first)
{
  guint version;

  if (!has_at (file, 0, "II") && !has_at (file, 0, "MM"))
    return FALSE;
  file->big_endian = file->data[0] == 'M';
  version = (guint)get (file, 2, 2);
  file->is_big = version == 43;
  *first = file->is_big ? get (file, 8, 8) : get (file, 4, 4);
  return version == 42 || version == 43;
}

gboolean
image_tiff_read (gconstpointer data, gsize size, ImageTiff *tiff)
{
  File file = { .data = data, .size = size, .left = MAX_DIRECTORIES };
  Directory first, directory;
  gboolean is_raw = FALSE;
  guint64 offset;

  *tiff = (ImageTiff){ .part = -1 };
  if (!read_header (&file, &offset) || !read_directory (&file, offset, &first))
    return FALSE;
  tiff->offset = offset;
  directory = first;
  for (int page = 0;; page++) {
    is_raw = is_raw || directory.is_raw;
    take (tiff, page, -1, &directory);
    is_raw = take_parts (&file, &directory, page, tiff) || is_raw;
    offset = directory.next;
    if (!read_directory (&file, offset, &directory))
      break;
  }
  if (first.has_dng_version)
    tiff->raw = "DNG";
  else if (has_at (&file, 8, "CR\2"))
    tiff->raw = "Canon CR2";
  else if (has_at (&file, 8, "IIII") || has_at (&file, 8, "MMMM"))
    tiff->raw = "Phase One IIQ";
  else if (is_raw)
    tiff->raw = name_raw (first.make);
  return TRUE;
}
