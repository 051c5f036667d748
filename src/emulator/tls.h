/*
 * A listening port behind TLS. Each connection is handed over with the protocol that ALPN chose.
 */
#pragma once

#include <gio/gio.h>

typedef struct TlsListener TlsListener;

/* Borrows stream and remote; http2: ALPN chose "h2". */
typedef void (*TlsAccepted) (GIOStream *stream, GSocketAddress *local, GSocketAddress *remote, gboolean http2,
                             gpointer data);

TlsListener *tls_listener_new (GSocketAddress *address, GTlsCertificate *certificate, TlsAccepted accepted,
                               gpointer data, GError **error);
void tls_listener_free (TlsListener *self);
guint16 tls_listener_port (const TlsListener *self);
