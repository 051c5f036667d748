/* Any text as a photo's address: its version is stable, a suffix does not change it, and what is allowed is what curl is
 * given. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "net/http-url.h"
#include "people/photo.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *url = g_strndup ((const char *)data, size);
  g_autofree char *version = photo_url_version (url), *original = photo_url_with_suffix (url, "s0");
  g_autofree char *large = photo_url_with_suffix (original, "s2048"), *again = photo_url_with_suffix (large, "s0");
  g_autofree char *version_again = photo_url_version (original);
  g_auto (HttpOrigin) origin = { 0 };
  gboolean abroad = photo_url_allowed (url, FALSE), home = photo_url_allowed (url, TRUE);

  g_assert_cmpstr (again, ==, original);
  if (!g_str_equal (original, url)) /* there is a last segment */
    g_assert_cmpstr (version_again, ==, version);
  if (!abroad && !home)
    return 0;
  g_assert_true (http_origin_parse (&origin, url) && strchr (origin.host, '@') == NULL);
  g_assert_true (!abroad || (g_str_equal (origin.scheme, "https") && !origin.loopback && home));
  g_assert_true (photo_url_allowed (original, FALSE) == abroad && photo_url_allowed (original, TRUE) == home);
  return 0;
}
