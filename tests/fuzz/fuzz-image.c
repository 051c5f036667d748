/* Any bytes as a picture: the walks stay inside the buffer, and both checks keep their promises to each other. */
#define G_LOG_DOMAIN "contactfs"

#include "image/image.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) up_error = NULL, down_error = NULL;
  ImageKind kind = image_kind (data, size);
  gboolean up = image_check_upload (data, size, &up_error), down = image_check_download (data, size, &down_error);

  g_assert_true (up == (up_error == NULL));
  g_assert_true (down == (down_error == NULL));
  g_assert_true (!up || (down && (kind == IMAGE_KIND_JPEG || kind == IMAGE_KIND_PNG)));
  g_assert_true (down || kind == IMAGE_KIND_NONE || kind == IMAGE_KIND_JPEG || kind == IMAGE_KIND_PNG
                 || kind == IMAGE_KIND_GIF || kind == IMAGE_KIND_TIFF);
  g_assert_true ((kind == IMAGE_KIND_NONE) == (up_error && up_error->code == IMAGE_ERROR_NOT_A_PICTURE));
  /* A sentence is shown to people whatever the bytes are. */
  g_assert_true (!up_error || g_utf8_validate (up_error->message, -1, NULL));
  return 0;
}
