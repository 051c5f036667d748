/*
 * HTTP/2 for one connection, by nghttp2: each stream becomes a Request. (libsoup 3.2's own HTTP/2 server neither opens
 * the flow-control window again during an upload nor notices that a client has left.)
 */
#pragma once

#include "emulator/server.h"

/* Serves stream until either side ends it, and frees itself. handler as in server.h. */
void h2_serve (GIOStream *stream, Origin origin, guint64 connection, gboolean from_loopback, ServerHandler handler,
               gpointer data);
