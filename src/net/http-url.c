/* URLs: strict on purpose, because what is judged here is then read again by curl. */
#define G_LOG_DOMAIN "contactfs"

#include "net/http-url.h"

#include <gio/gio.h>
#include <string.h>

#include "net/http-home.h"
#include "net/http.h"

static gboolean
is_plain (const char *url)
{
  const char *authority;

  for (const char *p = url; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p) || *p == '\\')
      return FALSE;
  authority = strstr (url, "://");
  if (authority == NULL)
    return FALSE;
  authority += strlen ("://");
  return memchr (authority, '@', strcspn (authority, "/?#")) == NULL;
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address != NULL)
    return g_inet_address_get_is_loopback (address);
  return g_ascii_strcasecmp (host, "localhost") == 0;
}

gboolean
http_origin_parse (HttpOrigin *self, const char *url)
{
  g_autoptr (GUri) uri = is_plain (url) ? g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL) : NULL;
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;

  *self = (HttpOrigin){ 0 };
  if (host == NULL || host[0] == '\0' || strchr (host, '%') != NULL)
    return FALSE;
  self->scheme = g_ascii_strdown (g_uri_get_scheme (uri), -1);
  self->host = g_strdup (host);
  self->loopback = is_loopback (host);
  return TRUE;
}

void
http_origin_clear (HttpOrigin *self)
{
  g_clear_pointer (&self->scheme, g_free);
  g_clear_pointer (&self->host, g_free);
}

gboolean
http_origin_is_tls (const HttpOrigin *self)
{
  return g_str_equal (self->scheme, "https");
}

gboolean
http_origin_allowed (const HttpOrigin *self)
{
  return http_origin_is_tls (self) || (g_str_equal (self->scheme, "http") && self->loopback);
}

gboolean
http_url_allowed (const char *url)
{
  g_auto (HttpOrigin) origin = { 0 };

  return http_origin_parse (&origin, url) && http_origin_allowed (&origin);
}

gboolean
http_origin_leads_abroad (const HttpOrigin *self)
{
  return http_origin_is_tls (self) && !http_host_is_home (self->host);
}

gboolean
http_url_leads_abroad (const char *url)
{
  g_auto (HttpOrigin) origin = { 0 };

  return http_origin_parse (&origin, url) && http_origin_leads_abroad (&origin);
}

gboolean
http_url_is_loopback (const char *url)
{
  g_auto (HttpOrigin) origin = { 0 };

  return http_origin_parse (&origin, url) && origin.loopback;
}

gboolean
http_url_is_google (const char *url)
{
  g_auto (HttpOrigin) origin = { 0 };

  return http_origin_parse (&origin, url) && http_origin_is_tls (&origin)
         && (g_str_has_suffix (origin.host, ".googleapis.com") || g_str_has_suffix (origin.host, ".google.com"));
}
