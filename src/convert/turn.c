/* The only file that knows turbojpeg. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/turn.h"

#include <turbojpeg.h>

#include "image/exif.h"
#include "image/header.h"

GBytes *
turn_without_loss (gconstpointer data, gsize size, guint orientation, GError **error)
{
  static const int operations[]
      = { [1] = TJXOP_NONE,      [2] = TJXOP_HFLIP, [3] = TJXOP_ROT180,     [4] = TJXOP_VFLIP,
          [5] = TJXOP_TRANSPOSE, [6] = TJXOP_ROT90, [7] = TJXOP_TRANSVERSE, [8] = TJXOP_ROT270 };
  tjhandle handle = tjInitTransform ();
  tjtransform transform = { .op = operations[orientation], .options = TJXOPT_PERFECT };
  unsigned char *turned = NULL;
  unsigned long turned_size = 0;
  g_autofree guint8 *copy = NULL;
  ImageHeader header;
  int failed;

  if (handle == NULL) {
    g_set_error_literal (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED, "cannot be turned without loss");
    return NULL;
  }
  failed = tjTransform (handle, data, (unsigned long)size, 1, &turned, &turned_size, &transform, TJFLAG_STOPONWARNING);
  if (failed == 0)
    copy = g_memdup2 (turned, turned_size);
  else
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED, "cannot be turned without loss: %s",
                 tjGetErrorStr2 (handle));
  tjFree (turned);
  tjDestroy (handle);
  if (failed != 0 || !image_read_header (copy, turned_size, &header, error))
    return NULL;
  image_exif_set_upright (copy + header.exif_offset, header.exif_size);
  return g_bytes_new_take (g_steal_pointer (&copy), turned_size);
}

gboolean
turn_verify (gconstpointer data, gsize size, GError **error)
{
  tjhandle handle = tjInitTransform ();
  tjtransform transform = { .op = TJXOP_NONE, .options = TJXOPT_NOOUTPUT | TJXOPT_COPYNONE };
  unsigned char *nothing = NULL;
  unsigned long nothing_size = 0;
  gboolean good
      = handle != NULL
        && tjTransform (handle, data, (unsigned long)size, 1, &nothing, &nothing_size, &transform, TJFLAG_STOPONWARNING)
               == 0;

  if (!good)
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "is damaged inside: %s", tjGetErrorStr2 (handle));
  tjFree (nothing);
  tjDestroy (handle);
  return good;
}
