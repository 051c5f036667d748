/* Photo URLs: the option suffix after the last '=' of the last path segment. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "people/photo.h"

typedef struct {
  gsize base;   /* length up to the suffix, without its '=' */
  gsize path;   /* length up to the query or fragment */
  gboolean any; /* there is a last path segment */
} Parts;

static Parts
split (const char *url)
{
  const char *scheme_end = strstr (url, "://");
  const char *authority = scheme_end != NULL ? scheme_end + strlen ("://") : url;
  Parts parts = { .path = strcspn (url, "?#") };
  const char *slash, *equals;

  parts.base = parts.path;
  if ((gsize)(authority - url) >= parts.path)
    return parts;
  slash = g_strrstr_len (authority, (gssize)parts.path - (authority - url), "/");
  if (slash == NULL)
    return parts;
  parts.any = TRUE;
  equals = g_strrstr_len (slash, (gssize)(url + parts.path - slash), "=");
  /* A '=' at the very end is base64 padding: it belongs to the name. */
  if (equals != NULL && equals + 1 < url + parts.path)
    parts.base = (gsize)(equals - url);
  return parts;
}

char *
photo_url_version (const char *url)
{
  Parts parts = split (url);

  return g_strdup_printf ("%.*s%s", (int)parts.base, url, url + parts.path);
}

char *
photo_url_with_suffix (const char *url, const char *suffix)
{
  Parts parts = split (url);

  if (!parts.any)
    return g_strdup (url);
  return g_strdup_printf ("%.*s=%s%s", (int)parts.base, url, suffix, url + parts.path);
}

gboolean
photo_url_allowed (const char *url, gboolean at_home)
{
  return at_home ? http_url_allowed (url) : http_url_leads_abroad (url);
}
