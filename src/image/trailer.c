/* Trailers, and leaving them out. */
#define G_LOG_DOMAIN "contactfs"

#include "image/trailer.h"

#include <string.h>

#include "image/exif.h"
#include "image/header.h"
#include "image/rewrite.h"
#include "image/xmp.h"

enum { APP1 = 0xe1, APP2 = 0xe2 };

#define MOST_SEGMENT 65533 /* bytes of a segment's body */

static const char xmp_magic[] = "http://ns.adobe.com/xap/1.0/";
static const char extension_magic[] = "http://ns.adobe.com/xmp/extension/";
static const char exif_magic[] = "Exif\0";
static const char iso_gain_map_magic[] = "urn:iso:std:iso:ts:21496:-1";

/* With the zero at its end. */
#define IS(segment, marker, magic)                                                                                     \
  ((segment)->code == (marker) && image_segment_begins_with (segment, magic, sizeof magic))

/* ---- what it is ---- */

typedef struct {
  gboolean has_gain_map;
  gboolean has_video;
} Names;

static void
read_names (const ImageJpegSegment *segment, gpointer data)
{
  Names *names = data;
  const char *packet = (const char *)segment->body + sizeof xmp_magic;

  if (IS (segment, APP2, iso_gain_map_magic))
    names->has_gain_map = TRUE;
  if (!IS (segment, APP1, xmp_magic))
    return;
  names->has_gain_map |= image_xmp_names_gain_map (packet, segment->length - sizeof xmp_magic);
  names->has_video |= image_xmp_names_video (packet, segment->length - sizeof xmp_magic);
}

/* Samsung's older ones say it there alone. */
static gboolean
has_video (const guint8 *trailer, gsize size)
{
  return memmem (trailer, size, "MotionPhoto_Data", 16) != NULL || memmem (trailer, size, "ftypmp4", 7) != NULL
         || memmem (trailer, size, "ftypisom", 8) != NULL || memmem (trailer, size, "ftypqt", 6) != NULL;
}

const char *
image_trailer_name (gconstpointer bytes, gsize size)
{
  const guint8 *data = bytes;
  Names names = { .has_video = FALSE };
  gsize end = 0;

  if (image_kind (data, size) != IMAGE_KIND_JPEG || !image_jpeg_walk (data, size, read_names, &names, &end, NULL)
      || image_is_zero (data + end, size - end))
    return NULL;
  names.has_video = names.has_video || has_video (data + end, size - end);
  if (names.has_gain_map)
    return names.has_video ? "its gain map (HDR) and its video (motion photo)" : "its gain map (HDR)";
  return names.has_video ? "its video (motion photo)" : "the data behind its end";
}

/* ---- leaving it out ---- */

typedef struct {
  ImageRewrite rewrite;
  gboolean has_extension;
} Forgetting;

static void
look_for_extension (const ImageJpegSegment *segment, gpointer data)
{
  Forgetting *self = data;

  if (IS (segment, APP1, extension_magic))
    self->has_extension = TRUE;
}

static void
forget_in_xmp (Forgetting *self, const ImageJpegSegment *segment)
{
  const char *packet = (const char *)segment->body + sizeof xmp_magic;
  gsize size = segment->length - sizeof xmp_magic, length;
  g_autofree char *rest = NULL;

  if (!image_xmp_names_trailer (packet, size) && (self->has_extension || !image_xmp_is_extended (packet, size)))
    return;
  image_rewrite_leave_out (&self->rewrite, segment->start, segment->end);
  rest = image_xmp_forget_trailer (packet, size, self->has_extension);
  length = rest != NULL ? sizeof xmp_magic + strlen (rest) : 0;
  if (rest == NULL || length > MAX (segment->length, 1000) || length > MOST_SEGMENT)
    return;
  g_byte_array_append (self->rewrite.kept,
                       (const guint8[]){ 0xff, APP1, (guint8)((length + 2) >> 8), (guint8)(length + 2) }, 4);
  g_byte_array_append (self->rewrite.kept, (const guint8 *)xmp_magic, sizeof xmp_magic);
  g_byte_array_append (self->rewrite.kept, (const guint8 *)rest, (guint)strlen (rest));
}

static gboolean
is_empty_exif (const ImageJpegSegment *segment)
{
  const guint8 *tiff = segment->body + sizeof exif_magic;
  gsize size = segment->length - sizeof exif_magic;

  return image_exif_is_orientation_alone (tiff, size) && image_exif_orientation (tiff, size) == 1;
}

static void
forget (const ImageJpegSegment *segment, gpointer data)
{
  Forgetting *self = data;
  static const char mpf_magic[] = "MPF";

  if (IS (segment, APP1, xmp_magic))
    forget_in_xmp (self, segment);
  else if (IS (segment, APP2, mpf_magic) || IS (segment, APP2, iso_gain_map_magic)
           || (IS (segment, APP1, exif_magic) && is_empty_exif (segment)))
    image_rewrite_leave_out (&self->rewrite, segment->start, segment->end);
}

GBytes *
image_forget_trailer (GBytes *bytes)
{
  gsize size, end;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GByteArray) kept = NULL;
  Forgetting forgetting = { .rewrite = { .data = data } };

  if (image_kind (data, size) != IMAGE_KIND_JPEG
      || !image_jpeg_walk (data, size, look_for_extension, &forgetting, &end, NULL))
    return g_bytes_ref (bytes);
  forgetting.rewrite.kept = kept = g_byte_array_sized_new ((guint)size);
  image_jpeg_walk (data, size, forget, &forgetting, &end, NULL);
  if (forgetting.rewrite.copied == 0 && end == size)
    return g_bytes_ref (bytes);
  image_rewrite_leave_out (&forgetting.rewrite, end, end);
  return g_byte_array_free_to_bytes (g_steal_pointer (&kept));
}
