/*
 * What the two ways of serving (libsoup, nghttp2) share about sockets.
 */
#pragma once

#include <gio/gio.h>

/* The number of the connection that this address object belongs to; the first time it gets one. */
guint64 connection_number (GSocketAddress *remote);
gboolean address_is_loopback (GSocketAddress *remote);

/* Below TLS and libsoup's wrappers; borrowed, NULL: none. */
GSocket *socket_below (GIOStream *stream);
/* Closes the socket below so that the other side sees a reset, not an end. */
void socket_reset_below (GIOStream *stream);
