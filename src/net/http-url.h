/*
 * Which URLs contactfs speaks to, and their hosts. Pure.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *scheme; /* in lower case */
  char *host;   /* without brackets */
  gboolean loopback;
} HttpOrigin;

/* FALSE for what is not an absolute URL with a host, and for anything that two parsers could read differently: user
 * names, backslashes, characters outside printable ASCII. Clear self in both cases. */
gboolean http_origin_parse (HttpOrigin *self, const char *url);
void http_origin_clear (HttpOrigin *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HttpOrigin, http_origin_clear)

gboolean http_origin_is_tls (const HttpOrigin *self);
gboolean http_origin_allowed (const HttpOrigin *self);
gboolean http_origin_leads_abroad (const HttpOrigin *self);
