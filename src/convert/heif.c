/* meta holds pitm, the primary item's number, iref, the references between items, and iprp, their properties; all but the last
 * are full boxes. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/heif.h"

#include <string.h>

typedef struct {
  const guint8 *data;
  gsize size;
} Span;

/* length bytes, big-endian, off the front. FALSE: there are not so many. */
static gboolean
take (Span *from, gsize length, guint64 *number)
{
  *number = 0;
  if (from->size < length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    *number = *number << 8 | from->data[i];
  from->data += length;
  from->size -= length;
  return TRUE;
}

/* The next box off the front; type has four bytes. */
static gboolean
take_box (Span *from, guint8 *type, Span *content)
{
  const guint8 *start = from->data;
  gsize all = from->size;
  guint64 size, name;

  if (!take (from, 4, &size) || !take (from, 4, &name) || (size == 1 && !take (from, 8, &size)))
    return FALSE;
  memcpy (type, start + 4, 4);
  if (size == 0) /* to the end */
    size = all;
  if (size > all || size < (gsize)(from->data - start))
    return FALSE;
  *content = (Span){ from->data, size - (gsize)(from->data - start) };
  *from = (Span){ start + size, all - size };
  return TRUE;
}

static gboolean
find_box (Span from, const char *wanted, Span *content)
{
  guint8 type[4];

  while (take_box (&from, type, content))
    if (memcmp (type, wanted, sizeof type) == 0)
      return TRUE;
  return FALSE;
}

void
heif_take_common_brand (guint8 *data, gsize size)
{
  static const guint8 common[] = { 'm', 'i', 'f', '1' };
  const gsize where = 8; /* ftyp: size, "ftyp", major brand */

  if (size >= where + sizeof common)
    memcpy (data + where, common, sizeof common);
}

static gboolean
find_meta (const guint8 *data, gsize size, Span *meta, guint64 *primary)
{
  Span pitm;
  guint64 flags, version;

  return find_box ((Span){ data, size }, "meta", meta) && take (meta, 4, &flags) && find_box (*meta, "pitm", &pitm)
         && take (&pitm, 1, &version) && take (&pitm, 3, &flags) && take (&pitm, version == 0 ? 2 : 4, primary);
}

gboolean
heif_is_premultiplied (const guint8 *data, gsize size)
{
  Span meta, iref, reference;
  guint64 flags, version, primary, item;
  guint8 type[4];

  if (!find_meta (data, size, &meta, &primary) || !find_box (meta, "iref", &iref) || !take (&iref, 1, &version)
      || !take (&iref, 3, &flags))
    return FALSE;
  while (take_box (&iref, type, &reference))
    if (memcmp (type, "prem", sizeof type) == 0 && take (&reference, version == 0 ? 2 : 4, &item) && item == primary)
      return TRUE;
  return FALSE;
}

/* ---- properties ---- */

/* The nth property (from 1) of a file. */
static gboolean
get_property (Span ipco, guint n, guint8 *type, Span *content)
{
  for (guint i = 1; take_box (&ipco, type, content); i++)
    if (i == n)
      return TRUE;
  return FALSE;
}

/* Colours of one of the item's properties "colr", of the kind with code points (nclx). */
static gboolean
read_nclx (Span ipco, guint n, ImageColours *colours)
{
  Span colr;
  guint8 type[4];
  guint64 kind, primaries, transfer;

  if (!get_property (ipco, n, type, &colr) || memcmp (type, "colr", sizeof type) != 0 || !take (&colr, 4, &kind)
      || kind != 0x6e636c78 /* nclx */ || !take (&colr, 2, &primaries) || !take (&colr, 2, &transfer))
    return FALSE;
  *colours = (ImageColours){ .primaries = (guint)primaries, .transfer = (guint)transfer };
  return TRUE;
}

/* ipma: for each item, once, how many properties it has, and their numbers. A file that tells of one item again and again would
 * have all its properties walked through each time. */
static gboolean
find_nclx (Span iprp, guint64 item, ImageColours *colours)
{
  Span ipco, ipma;
  guint64 version, flags, entries, number, count, property;

  if (!find_box (iprp, "ipco", &ipco) || !find_box (iprp, "ipma", &ipma) || !take (&ipma, 1, &version)
      || !take (&ipma, 3, &flags) || !take (&ipma, 4, &entries))
    return FALSE;
  for (guint64 i = 0; i < entries; i++) {
    if (!take (&ipma, version == 0 ? 2 : 4, &number) || !take (&ipma, 1, &count))
      return FALSE;
    for (guint64 j = 0; j < count; j++) {
      if (!take (&ipma, (flags & 1) != 0 ? 2 : 1, &property))
        return FALSE;
      if (number == item && read_nclx (ipco, (guint)(property & ((flags & 1) != 0 ? 0x7fff : 0x7f)), colours))
        return TRUE;
    }
    if (number == item)
      return FALSE;
  }
  return FALSE;
}

/* Of a picture of tiles; item is its number, and becomes that of its first tile. */
static gboolean
find_tile (Span meta, guint64 *item)
{
  Span iref, reference;
  guint64 version, flags, from, count;
  guint8 type[4];

  if (!find_box (meta, "iref", &iref) || !take (&iref, 1, &version) || !take (&iref, 3, &flags))
    return FALSE;
  while (take_box (&iref, type, &reference))
    if (memcmp (type, "dimg", sizeof type) == 0 && take (&reference, version == 0 ? 2 : 4, &from) && from == *item
        && take (&reference, 2, &count) && count > 0)
      return take (&reference, version == 0 ? 2 : 4, item);
  return FALSE;
}

gboolean
heif_read_colours (const guint8 *data, gsize size, ImageColours *colours)
{
  Span meta, iprp;
  guint64 item;

  return find_meta (data, size, &meta, &item) && find_box (meta, "iprp", &iprp)
         && (find_nclx (iprp, item, colours) || (find_tile (meta, &item) && find_nclx (iprp, item, colours)));
}
