/* meta holds pitm, the primary item's number, and iref, the references between items; each is a full box. */
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

gboolean
heif_is_premultiplied (const guint8 *data, gsize size)
{
  Span meta, pitm, iref, reference;
  guint64 flags, version, primary, item;
  guint8 type[4];

  if (!find_box ((Span){ data, size }, "meta", &meta) || !take (&meta, 4, &flags) || !find_box (meta, "pitm", &pitm)
      || !find_box (meta, "iref", &iref))
    return FALSE;
  if (!take (&pitm, 1, &version) || !take (&pitm, 3, &flags) || !take (&pitm, version == 0 ? 2 : 4, &primary))
    return FALSE;
  if (!take (&iref, 1, &version) || !take (&iref, 3, &flags))
    return FALSE;
  while (take_box (&iref, type, &reference))
    if (memcmp (type, "prem", sizeof type) == 0 && take (&reference, version == 0 ? 2 : 4, &item) && item == primary)
      return TRUE;
  return FALSE;
}
