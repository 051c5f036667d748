/* A listening port behind TLS. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/tls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

struct TlsListener {
  GSocketService *service;
  GTlsCertificate *certificate;
  TlsAccepted accepted;
  gpointer data;
  guint16 port;
};

static void
hand_over (TlsListener *self, GTlsConnection *tls)
{
  g_autoptr (GIOStream) base = NULL;
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GSocketAddress) remote = NULL;

  g_object_get (tls, "base-io-stream", &base, NULL);
  local = g_socket_connection_get_local_address (G_SOCKET_CONNECTION (base), NULL);
  remote = g_socket_connection_get_remote_address (G_SOCKET_CONNECTION (base), NULL);
  if (local != NULL && remote != NULL)
    self->accepted (G_IO_STREAM (tls), local, remote,
                    g_strcmp0 (g_tls_connection_get_negotiated_protocol (tls), "h2") == 0, self->data);
}

static void
handshake_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    hand_over (data, G_TLS_CONNECTION (source));
  else
    g_debug ("A TLS handshake failed: %s", error->message); /* a client that does not trust us, or left */
}

static gboolean
incoming (GSocketService *service, GSocketConnection *connection, GObject *unused, gpointer data)
{
  static const char *const protocols[] = { "h2", "http/1.1", NULL };
  TlsListener *self = data;
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (G_IO_STREAM (connection), self->certificate, &error);

  if (tls == NULL) {
    g_warning ("No TLS connection can be made: %s", error->message);
    return TRUE;
  }
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (tls), protocols);
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (tls), FALSE);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (tls), G_PRIORITY_DEFAULT, NULL, handshake_done, self);
  return TRUE;
}

TlsListener *
tls_listener_new (GSocketAddress *address, GTlsCertificate *certificate, TlsAccepted accepted, gpointer data,
                  GError **error)
{
  g_autoptr (GSocketService) service = g_socket_service_new ();
  g_autoptr (GSocketAddress) effective = NULL;
  TlsListener *self;

  g_socket_listener_set_backlog (G_SOCKET_LISTENER (service), SOMAXCONN); /* 10 lose a crowd that comes at once */
  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                      NULL, &effective, error))
    return NULL;
  self = g_new0 (TlsListener, 1);
  self->certificate = g_object_ref (certificate);
  self->accepted = accepted;
  self->data = data;
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  self->service = g_steal_pointer (&service);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming), self);
  return self;
}

void
tls_listener_free (TlsListener *self)
{
  g_socket_service_stop (self->service);
  g_signal_handlers_disconnect_by_data (self->service, self);
  g_object_unref (self->service);
  g_object_unref (self->certificate);
  g_free (self);
}

guint16
tls_listener_port (const TlsListener *self)
{
  return self->port;
}
