/* The only file that knows libtiff. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/tiff.h"

#include <string.h>
#include <tiffio.h>

struct Tiff {
  TIFF *tiff;
  const guint8 *data;
  gsize size;
  toff_t pos;
};

/* ---- a file in memory ---- */

static tmsize_t
read_some (thandle_t handle, void *buffer, tmsize_t wanted)
{
  Tiff *self = handle;
  gsize count = self->pos < self->size && wanted > 0 ? MIN (self->size - self->pos, (gsize)wanted) : 0;

  if (count > 0)
    memcpy (buffer, self->data + self->pos, count);
  self->pos += count;
  return (tmsize_t)count;
}

static tmsize_t
write_nothing (thandle_t handle, void *buffer, tmsize_t size)
{
  return -1;
}

static toff_t
seek (thandle_t handle, toff_t offset, int whence)
{
  Tiff *self = handle;

  if (whence == SEEK_CUR)
    offset += self->pos;
  else if (whence == SEEK_END)
    offset += self->size;
  self->pos = offset;
  return offset;
}

static toff_t
get_size (thandle_t handle)
{
  return ((Tiff *)handle)->size;
}

static int
close_nothing (thandle_t handle)
{
  return 0;
}

/* ---- the picture ---- */

static gboolean
is_ycbcr_of_ours (TIFF *tiff)
{
  guint16 colours = 0, compression = 0;

  return TIFFGetField (tiff, TIFFTAG_PHOTOMETRIC, &colours) && colours == PHOTOMETRIC_YCBCR
         && TIFFGetFieldDefaulted (tiff, TIFFTAG_COMPRESSION, &compression) && compression != COMPRESSION_JPEG;
}

Tiff *
tiff_open_ycbcr (gconstpointer data, gsize size, guint64 offset)
{
  g_autoptr (Tiff) self = g_new0 (Tiff, 1);

  self->data = data;
  self->size = size;
  /* m: no mapping, which would be asked for by a function of ours */
  self->tiff
      = TIFFClientOpen ("picture", "rm", self, read_some, write_nothing, seek, close_nothing, get_size, NULL, NULL);
  return self->tiff != NULL && TIFFSetSubDirectory (self->tiff, offset) && is_ycbcr_of_ours (self->tiff)
             ? g_steal_pointer (&self)
             : NULL;
}

void
tiff_free (Tiff *self)
{
  if (self->tiff != NULL)
    TIFFClose (self->tiff);
  g_free (self);
}

void
tiff_read_header (Tiff *self, TiffHeader *header)
{
  guint16 orientation = ORIENTATION_TOPLEFT;
  guint32 profile_size;
  void *profile;

  *header = (TiffHeader){ .width = 0 };
  TIFFGetField (self->tiff, TIFFTAG_IMAGEWIDTH, &header->width);
  TIFFGetField (self->tiff, TIFFTAG_IMAGELENGTH, &header->height);
  TIFFGetFieldDefaulted (self->tiff, TIFFTAG_ORIENTATION, &orientation);
  header->orientation = orientation >= ORIENTATION_TOPLEFT && orientation <= ORIENTATION_LEFTBOT ? orientation : 1;
  if (TIFFGetField (self->tiff, TIFFTAG_ICCPROFILE, &profile_size, &profile)) {
    header->profile = profile;
    header->profile_size = profile_size;
  }
}

guint8 *
tiff_read_pixels (Tiff *self)
{
  TiffHeader header;
  g_autofree guint32 *raster = NULL;
  guint8 *pixels;
  gsize count;

  tiff_read_header (self, &header);
  count = (gsize)header.width * header.height;
  raster = g_try_new (guint32, count);
  /* asked for as it is stored, libtiff turns nothing */
  if (raster == NULL || count == 0
      || !TIFFReadRGBAImageOriented (self->tiff, header.width, header.height, raster, header.orientation, 1))
    return NULL;
  pixels = (guint8 *)raster; /* each goes where one was that has been read */
  for (gsize i = 0; i < count; i++) {
    guint32 pixel = raster[i];

    pixels[3 * i] = (guint8)TIFFGetR (pixel);
    pixels[3 * i + 1] = (guint8)TIFFGetG (pixel);
    pixels[3 * i + 2] = (guint8)TIFFGetB (pixel);
  }
  return (guint8 *)g_steal_pointer (&raster);
}
