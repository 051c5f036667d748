/* Orientation in EXIF: header, first directory, its entries; the offset behind them leads to the thumbnail's. */
#define G_LOG_DOMAIN "contactfs"

#include "image/exif.h"

#include <string.h>

#define HEADER_SIZE     8
#define ENTRY_SIZE      12
#define TAG_ORIENTATION 274

enum { TYPE_BYTE = 1, TYPE_SHORT = 3, TYPE_LONG = 4 };

typedef struct {
  gboolean big_endian;
  gsize first; /* of the entries of the first directory */
  guint count;
} Directory;

static guint32
get (gboolean big_endian, const guint8 *bytes, guint count)
{
  guint32 value = 0;

  for (guint i = 0; i < count; i++)
    value = value << 8 | bytes[big_endian ? i : count - 1 - i];
  return value;
}

/* "II" or "MM", 42, offset of the first directory; there its number of entries. A cut-off one has fewer. */
static gboolean
find_directory (const guint8 *tiff, gsize size, Directory *out)
{
  gsize offset;

  if (size < HEADER_SIZE || (memcmp (tiff, "II*\0", 4) != 0 && memcmp (tiff, "MM\0*", 4) != 0))
    return FALSE;
  out->big_endian = tiff[0] == 'M';
  offset = get (out->big_endian, tiff + 4, 4);
  if (offset < HEADER_SIZE || offset > size - 2)
    return FALSE;
  out->first = offset + 2;
  out->count = MIN (get (out->big_endian, tiff + offset, 2), (guint)((size - out->first) / ENTRY_SIZE));
  return TRUE;
}

/* Where the value is, and of how many bytes; 0: there is none. Writers differ about its type. */
static gsize
find_orientation (const guint8 *tiff, const Directory *directory, guint *length)
{
  for (guint i = 0; i < directory->count; i++) {
    gsize at = directory->first + (gsize)i * ENTRY_SIZE;
    guint32 type = get (directory->big_endian, tiff + at + 2, 2);

    if (get (directory->big_endian, tiff + at, 2) != TAG_ORIENTATION
        || get (directory->big_endian, tiff + at + 4, 4) != 1)
      continue;
    *length = type == TYPE_BYTE ? 1 : type == TYPE_SHORT ? 2 : type == TYPE_LONG ? 4 : 0;
    return *length > 0 ? at + 8 : 0;
  }
  return 0;
}

guint
image_exif_orientation (const guint8 *tiff, gsize size)
{
  Directory directory;
  guint length;
  guint32 value;
  gsize at;

  if (!find_directory (tiff, size, &directory))
    return 1;
  at = find_orientation (tiff, &directory, &length);
  if (at == 0)
    return 1;
  value = get (directory.big_endian, tiff + at, length);
  return value >= 1 && value <= 8 ? value : 1;
}

gboolean
image_exif_is_orientation_alone (const guint8 *tiff, gsize size)
{
  Directory directory;
  guint length;
  gsize end;

  if (!find_directory (tiff, size, &directory) || directory.count != 1
      || find_orientation (tiff, &directory, &length) == 0)
    return FALSE;
  end = directory.first + ENTRY_SIZE;
  return size - end < 4 || get (directory.big_endian, tiff + end, 4) == 0;
}

void
image_exif_set_upright (guint8 *tiff, gsize size)
{
  Directory directory;
  guint length;
  gsize at;

  if (!find_directory (tiff, size, &directory))
    return;
  at = find_orientation (tiff, &directory, &length);
  if (at > 0)
    for (guint i = 0; i < length; i++)
      tiff[at + i] = i == (directory.big_endian ? length - 1 : 0);
  at = directory.first + (gsize)directory.count * ENTRY_SIZE;
  if (size - at >= 4)
    memset (tiff + at, 0, 4);
}
