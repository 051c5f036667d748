/*
 * How many bits the scans of a JPEG need at least (ISO/IEC 10918-1, annexes A.2, F and G):
 *
 *   sequential, Huffman                 2 a block: a DC code and an end of block
 *   progressive, the scans of DC        1 a block
 *   progressive, AC; arithmetic coding  none: a run of empty blocks may be as long as it likes
 */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "image/header.h"
#include "image/image.h"
#include "image/walk.h"

enum { SOF0 = 0xc0, SOF1 = 0xc1, SOF2 = 0xc2, SOS = 0xda, MOST_COMPONENTS = 4 };

typedef struct {
  guint8 id;
  guint h, v;
} Component;

typedef struct {
  guint8 code; /* of the frame header; 0: none yet, or one of which nothing is known */
  guint width, height;
  guint h_most, v_most;
  guint count;
  Component components[MOST_COMPONENTS];
  guint64 needed; /* bits, of the scan that is under way */
  gsize begun;    /* where its data begins */
  gboolean is_too_short;
} Length;

static guint
be16 (const guint8 *bytes)
{
  return (guint)bytes[0] << 8 | bytes[1];
}

static guint
divide_up (guint number, guint by)
{
  return (number + by - 1) / by;
}

static void
read_frame (Length *self, const ImageJpegSegment *segment)
{
  const guint8 *body = segment->body;

  if (segment->length < 6 || body[5] > MOST_COMPONENTS || segment->length < 6 + 3 * (gsize)body[5])
    return;
  self->height = be16 (body + 1);
  self->width = be16 (body + 3);
  self->count = body[5];
  self->h_most = self->v_most = 1;
  for (guint i = 0; i < self->count; i++) {
    const guint8 *from = body + 6 + 3 * (gsize)i;
    Component *component = &self->components[i];

    *component = (Component){ from[0], from[1] >> 4, from[1] & 15 };
    if (component->h == 0 || component->v == 0)
      return;
    self->h_most = MAX (self->h_most, component->h);
    self->v_most = MAX (self->v_most, component->v);
  }
  self->code = segment->code;
}

static const Component *
find_component (const Length *self, guint8 id)
{
  for (guint i = 0; i < self->count; i++)
    if (self->components[i].id == id)
      return &self->components[i];
  return NULL;
}

static guint64
count_blocks (const Length *self, const ImageJpegSegment *scan)
{
  guint count = scan->body[0], in_unit = 0;
  const Component *component = NULL;

  for (guint i = 0; i < count; i++) {
    component = find_component (self, scan->body[1 + 2 * (gsize)i]);
    if (component == NULL)
      return 0;
    in_unit += component->h * component->v;
  }
  if (count == 1) /* alone, it has no blocks beyond its edges */
    return (guint64)divide_up (divide_up (self->width * component->h, self->h_most), 8)
           * divide_up (divide_up (self->height * component->v, self->v_most), 8);
  return (guint64)divide_up (self->width, 8 * self->h_most) * divide_up (self->height, 8 * self->v_most) * in_unit;
}

static guint64
count_bits (const Length *self, const ImageJpegSegment *scan)
{
  const guint8 *body = scan->body;

  if (self->code == 0 || scan->length < 4 || scan->length != 4 + 2 * (gsize)body[0])
    return 0;
  if (self->code == SOF2 && body[1 + 2 * (gsize)body[0]] > 0)
    return 0;
  return count_blocks (self, scan) * (self->code == SOF2 ? 1 : 2);
}

static void
end_scan (Length *self, gsize at)
{
  if ((at - self->begun) * 8 < self->needed)
    self->is_too_short = TRUE;
  self->needed = 0;
}

static void
read_segment (const ImageJpegSegment *segment, gpointer data)
{
  Length *self = data;

  end_scan (self, segment->start);
  if (segment->code == SOF0 || segment->code == SOF1 || segment->code == SOF2)
    read_frame (self, segment);
  if (segment->code == SOS) {
    self->needed = count_bits (self, segment);
    self->begun = segment->end;
  }
}

gboolean
image_jpeg_is_too_short (gconstpointer data, gsize size)
{
  Length self = { .code = 0 };
  gsize end = 0;

  if (!image_jpeg_walk (data, size, read_segment, &self, &end, NULL))
    return FALSE;
  end_scan (&self, end - 2); /* the marker of the end is none of it */
  return self.is_too_short;
}
