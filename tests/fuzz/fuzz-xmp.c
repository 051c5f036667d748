/* Any text as an XMP packet: what is made of it names nothing that was left out, can be read again, and is not changed again. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "image/xmp.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *packet = (const char *)data;
  g_autofree char *made = image_xmp_forget_trailer (packet, size, size % 2 == 0), *again = NULL;

  image_xmp_names_trailer (packet, size);
  image_xmp_names_gain_map (packet, size);
  image_xmp_is_extended (packet, size);
  if (made == NULL)
    return 0;
  g_assert_true (g_utf8_validate (made, -1, NULL));
  again = image_xmp_forget_trailer (made, strlen (made), size % 2 == 0);
  g_assert_cmpstr (again, ==, made);
  return 0;
}
