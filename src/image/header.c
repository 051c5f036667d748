/* Reading the headers of JPEG and PNG. */
#define G_LOG_DOMAIN "contactfs"

#include "image/header.h"

#include <string.h>

#include "image/exif.h"
#include "image/walk.h"

enum { SOF9 = 0xc9, SOF10 = 0xca, DNL = 0xdc, DHP = 0xde, APP1 = 0xe1 };

static const char exif_magic[6] = "Exif\0";

typedef struct {
  ImageHeader *header;
  const guint8 *data;
} Reading;

static void
set_exif (Reading *reading, const guint8 *tiff, gsize size)
{
  ImageHeader *header = reading->header;

  if (header->exif_offset != 0)
    return; /* of two, decoders take the first */
  header->exif_offset = (gsize)(tiff - reading->data);
  header->exif_size = size;
  header->orientation = image_exif_orientation (tiff, size);
}

static void
read_segment (const ImageJpegSegment *segment, gpointer data)
{
  Reading *reading = data;
  ImageHeader *header = reading->header;
  const guint8 *body = segment->body;

  if (image_jpeg_is_frame_header (segment->code) && segment->length >= 6 && header->width == 0) {
    header->bits = body[0];
    header->height = (guint32)body[1] << 8 | body[2];
    header->width = (guint32)body[3] << 8 | body[4];
    header->components = body[5];
    header->frame = header->frame == DHP ? DHP : segment->code;
  } else if (segment->code == DHP) {
    header->frame = DHP;
  } else if (segment->code == DNL && segment->length == 2 && header->height == 0) {
    header->height = (guint32)body[0] << 8 | body[1];
  } else if (segment->code == APP1 && segment->length > sizeof exif_magic
             && memcmp (body, exif_magic, sizeof exif_magic) == 0) {
    set_exif (reading, body + sizeof exif_magic, segment->length - sizeof exif_magic);
  }
}

static void
read_chunk (const ImagePngChunk *chunk, gpointer data)
{
  static const guint components[] = { [0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4 };
  Reading *reading = data;
  ImageHeader *header = reading->header;

  if (strcmp (chunk->type, "IHDR") == 0) {
    header->width = image_be32 (chunk->data);
    header->height = image_be32 (chunk->data + 4);
    header->bits = chunk->data[8];
    header->components = components[chunk->data[9]];
  } else if (strcmp (chunk->type, "eXIf") == 0) {
    set_exif (reading, chunk->data, chunk->length);
  }
}

gboolean
image_read_header (gconstpointer data, gsize size, ImageHeader *header, GError **error)
{
  Reading reading = { header, data };

  memset (header, 0, sizeof *header);
  header->orientation = 1;
  header->kind = image_kind (data, size);
  if (header->kind == IMAGE_KIND_JPEG)
    return image_jpeg_walk (data, size, read_segment, &reading, &header->end, error);
  if (header->kind == IMAGE_KIND_PNG)
    return image_png_walk (data, size, read_chunk, &reading, &header->end, error);
  return image_check_upload (data, size, error); /* it has the words */
}

gboolean
image_jpeg_is_arithmetic (const ImageHeader *header)
{
  return header->frame == SOF9 || header->frame == SOF10;
}

/* Every fourth: SOF3, 7, 11, 15. */
gboolean
image_jpeg_is_lossless (const ImageHeader *header)
{
  return header->kind == IMAGE_KIND_JPEG && (header->frame & 3) == 3;
}

/* DHP comes first; the frames after the first one are differences. */
gboolean
image_jpeg_is_hierarchical (const ImageHeader *header)
{
  return header->frame == DHP;
}
