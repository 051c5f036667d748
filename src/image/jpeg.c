/*
 * The marker walk through a JPEG (ISO/IEC 10918-1 annex B):
 *
 *   SOI  { segment | frame header (SOF) | scan: SOS header, entropy-coded data with FF00 and RSTn inside }*  EOI
 *
 * Segments are stepped over by their length, which is why an EOI inside an EXIF thumbnail does not end the picture.
 * Entropy-coded data has no length: it goes on to the next marker that is neither a stuffed zero nor RSTn. A
 * progressive picture has several scans.
 */
#define G_LOG_DOMAIN "contactfs"

#include "image/walk.h"

#include <string.h>

#include "image/image.h"

enum { TEM = 0x01, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc, RST0 = 0xd0, RST7 = 0xd7, SOI = 0xd8, EOI = 0xd9, SOS = 0xda };
enum { DNL = 0xdc, DHP = 0xde, SOF0 = 0xc0, SOF8 = 0xc8, SOF15 = 0xcf, SOF55 = 0xf7 };

typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;             /* of the next byte to look at */
  gboolean hierarchical; /* DHP seen: several frames are in order */
  gboolean arithmetic;
  guint frames;
  guint scans;
  gboolean height_due;  /* the frame header left the number of lines to a DNL segment */
  gboolean may_be_junk; /* bytes between segments that belong to none */
  ImageJpegFunc each;   /* NULL: only walk */
  gpointer each_data;
} Walk;

static gboolean
fail_cut_off (const Walk *walk, const char *lacks, GError **error)
{
  g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "is cut off after %" G_GSIZE_FORMAT " bytes: %s", walk->size,
               lacks);
  return FALSE;
}

static gboolean
fail_broken (gsize at, const char *what, GError **error)
{
  g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "is a damaged JPEG: %s at byte %" G_GSIZE_FORMAT, what, at);
  return FALSE;
}

static guint
be16 (const guint8 *bytes)
{
  return (guint)bytes[0] << 8 | bytes[1];
}

/* To the FF of the next marker, as libjpeg does it with a warning. */
static void
skip_junk (Walk *walk)
{
  gsize start = walk->pos, at = start;

  for (;;) {
    const guint8 *ff = at < walk->size ? memchr (walk->data + at, 0xff, walk->size - at) : NULL;
    gsize code;

    if (ff == NULL)
      return; /* no marker comes: it is said where the junk begins */
    code = at = (gsize)(ff - walk->data);
    while (code < walk->size && walk->data[code] == 0xff)
      code++;
    if (code == walk->size)
      return;
    if (walk->data[code] != 0)
      break;
    at = code + 1;
  }
  walk->pos = at;
  if (at > start && walk->each != NULL)
    walk->each (&(ImageJpegSegment){ IMAGE_JPEG_JUNK, start, at, walk->data + start, at - start }, walk->each_data);
}

/* Reads FF … FF code (any number of fill bytes). */
static gboolean
next_marker (Walk *walk, gsize *at, guint8 *code, GError **error)
{
  gsize start;

  if (walk->may_be_junk)
    skip_junk (walk);
  *at = start = walk->pos;
  if (walk->pos < walk->size && walk->data[walk->pos] != 0xff)
    return fail_broken (start, "no marker", error);
  while (walk->pos < walk->size && walk->data[walk->pos] == 0xff)
    walk->pos++;
  if (walk->pos == walk->size)
    return fail_cut_off (walk, "no end-of-image marker", error);
  *code = walk->data[walk->pos++];
  if (*code == 0)
    return fail_broken (start, "no marker", error);
  return TRUE;
}

/* The parameters of a segment: *body and *length without the two bytes of the length itself. Steps over all of it. */
static gboolean
next_segment (Walk *walk, const guint8 **body, gsize *length, GError **error)
{
  gsize total;

  if (walk->size - walk->pos < 2)
    return fail_cut_off (walk, "a segment stops in its length", error);
  total = be16 (walk->data + walk->pos);
  if (total < 2)
    return fail_broken (walk->pos, "an impossible segment length", error);
  if (walk->size - walk->pos < total)
    return fail_cut_off (walk, "a segment is not all there", error);
  *body = walk->data + walk->pos + 2;
  *length = total - 2;
  walk->pos += total;
  return TRUE;
}

gboolean
image_jpeg_is_frame_header (guint8 code)
{
  return code >= SOF0 && code <= SOF15 && code != DHT && code != JPG && code != DAC;
}

/* P, Y (2), X (2), Nf, then three bytes for each component. */
static gboolean
frame_header (Walk *walk, gsize at, const guint8 *body, gsize length, GError **error)
{
  guint8 code = walk->data[at - 1];

  if (walk->frames++ > 0 && !walk->hierarchical)
    return fail_broken (at, "a second frame header", error);
  if (length < 6 || body[5] == 0 || length != 6 + 3 * (gsize)body[5])
    return fail_broken (at, "a wrong frame header", error);
  if (be16 (body + 3) == 0)
    return fail_broken (at, "a width of zero", error);
  walk->arithmetic = code > SOF8;
  walk->height_due = be16 (body + 1) == 0;
  return TRUE;
}

/* Leaves pos at the FF of the marker that ends the scan. */
static gboolean
entropy_data (Walk *walk, GError **error)
{
  gsize start = walk->pos;

  for (;;) {
    const guint8 *ff = memchr (walk->data + walk->pos, 0xff, walk->size - walk->pos);
    gsize code;

    if (!ff)
      return fail_cut_off (walk, "no end-of-image marker", error);
    code = walk->pos = (gsize)(ff - walk->data);
    while (code < walk->size && walk->data[code] == 0xff)
      code++;
    if (code == walk->size)
      return fail_cut_off (walk, "no end-of-image marker", error);
    if (walk->data[code] != 0 && !(walk->data[code] >= RST0 && walk->data[code] <= RST7))
      break;
    walk->pos = code + 1;
  }
  /* An arithmetic coder may leave out zeros at the end, all the way to nothing; Huffman codes have at least one bit. */
  if (walk->pos == start && !walk->arithmetic)
    return fail_broken (start, "a scan without data", error);
  return TRUE;
}

/* Ns, two bytes for each component, Ss, Se, Ah/Al; then the data. */
static gboolean
scan (Walk *walk, gsize at, const guint8 *body, gsize length, GError **error)
{
  if (walk->frames == 0)
    return fail_broken (at, "a scan before any frame header", error);
  if (length < 4 || body[0] < 1 || body[0] > 4 || length != 4 + 2 * (gsize)body[0])
    return fail_broken (at, "a wrong scan header", error);
  walk->scans++;
  return entropy_data (walk, error);
}

static gboolean
other_segment (Walk *walk, gsize at, const guint8 *body, gsize length, GError **error)
{
  guint8 code = walk->data[at - 1];

  if (code == DHP)
    walk->hierarchical = TRUE;
  if (code == DNL) {
    if (length != 2 || be16 (body) == 0)
      return fail_broken (at, "a wrong number of lines", error);
    walk->height_due = FALSE;
  }
  return TRUE;
}

static gboolean
end_of_image (const Walk *walk, GError **error)
{
  if (walk->frames == 0)
    return fail_broken (walk->pos, "an end without any frame header", error);
  if (walk->scans == 0)
    return fail_broken (walk->pos, "an end without any scan", error);
  if (walk->height_due)
    return fail_broken (walk->pos, "an end without any height", error);
  return TRUE;
}

/* One marker with all that belongs to it. */
static gboolean
segment (Walk *walk, gsize marker, guint8 code, GError **error)
{
  gsize at = walk->pos, length = 0;
  const guint8 *body = NULL;

  if (code == SOF55) {
    g_set_error_literal (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                         "is a JPEG-LS picture, which hardly any program shows; save it as an ordinary JPEG");
    return FALSE;
  }
  if (!next_segment (walk, &body, &length, error))
    return FALSE;
  if (walk->each != NULL)
    walk->each (&(ImageJpegSegment){ code, marker, walk->pos, body, length }, walk->each_data);
  if (code == SOS)
    return scan (walk, at, body, length, error);
  if (image_jpeg_is_frame_header (code))
    return frame_header (walk, at, body, length, error);
  return other_segment (walk, at, body, length, error);
}

static gboolean
walk_all (Walk *walk, gsize *end, GError **error)
{
  for (;;) {
    gsize at = 0;
    guint8 code = 0;

    if (!next_marker (walk, &at, &code, error))
      return FALSE;
    if (code == EOI) {
      *end = walk->pos;
      return end_of_image (walk, error);
    }
    if (code == SOI)
      return fail_broken (at, "another picture begins", error);
    if (code == TEM || (code >= RST0 && code <= RST7))
      continue; /* alone, without a length */
    if (!segment (walk, at, code, error))
      return FALSE;
  }
}

gboolean
image_jpeg_walk (const guint8 *data, gsize size, ImageJpegFunc each, gpointer each_data, gsize *end, GError **error)
{
  Walk walk = { .data = data, .size = size, .pos = 2, .each = each, .each_data = each_data };

  return walk_all (&walk, end, error);
}

gboolean
image_jpeg_walk_with_junk (const guint8 *data, gsize size, ImageJpegFunc each, gpointer each_data, gsize *end)
{
  Walk walk = { .data = data, .size = size, .pos = 2, .each = each, .each_data = each_data, .may_be_junk = TRUE };

  return walk_all (&walk, end, NULL);
}
