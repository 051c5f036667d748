/* One origin: HTTP/1.1 by libsoup, HTTP/2 by h2.c; over TLS the connections come from tls.c. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/server.h"

#include <libsoup/soup.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emulator/h2.h"
#include "emulator/sockets.h"
#include "emulator/tls.h"

struct Server {
  SoupServer *soup;
  TlsListener *tls; /* NULL: plain HTTP */
  int silent;       /* the other end of what libsoup listens to while tls does; -1: none */
  Origin origin;
  guint16 port;
  ServerHandler handler;
  gpointer data;
};

/* One libsoup message under way. Lives until the request lets go of its transport. */
typedef struct Exchange {
  SoupServerMessage *message;
  Request *request; /* borrowed: the request owns us */
  GSource *watch;   /* on the socket, while the message is paused */
  gboolean paused;
  gboolean gone; /* the client left: libsoup has done with the message */
} Exchange;

#define EXCHANGE_KEY "people-emulator-exchange"
#define IDLE_KEY     "people-emulator-idle" /* of a socket: the GSource that sees its end */

static void
stop_watching (Exchange *exchange)
{
  if (exchange->watch != NULL)
    g_source_destroy (exchange->watch);
  g_clear_pointer (&exchange->watch, g_source_unref);
}

static void
exchange_free (gpointer data)
{
  Exchange *exchange = data;

  stop_watching (exchange);
  g_object_set_data (G_OBJECT (exchange->message), EXCHANGE_KEY, NULL);
  g_object_unref (exchange->message);
  g_free (exchange);
}

static void
resume (Exchange *exchange)
{
  stop_watching (exchange);
  if (exchange->paused && !exchange->gone)
    soup_server_message_unpause (exchange->message);
  exchange->paused = FALSE;
}

typedef struct Drop {
  SoupServerMessage *message;
  GByteArray *bytes; /* what still goes out before the end, or NULL */
  gboolean abruptly;
} Drop;

/* Not from within libsoup's own call of the handler: it still uses the connection that is stolen here. */
static gboolean
drop_now (gpointer data)
{
  Drop *drop = data;
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (drop->message);

  if (stream == NULL)
    return G_SOURCE_REMOVE;
  if (drop->bytes != NULL)
    g_output_stream_write_all (g_io_stream_get_output_stream (stream), drop->bytes->data, drop->bytes->len, NULL, NULL,
                               NULL);
  if (drop->abruptly)
    socket_reset_below (stream);
  g_io_stream_close (stream, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
drop_free (gpointer data)
{
  Drop *drop = data;

  g_object_unref (drop->message);
  g_clear_pointer (&drop->bytes, g_byte_array_unref);
  g_free (drop);
}

static void
drop_soon (Exchange *exchange, GByteArray *bytes, gboolean abruptly)
{
  Drop *drop;

  stop_watching (exchange);
  if (exchange->gone)
    return;
  if (!exchange->paused)
    soup_server_message_pause (exchange->message);
  exchange->paused = TRUE;
  drop = g_new0 (Drop, 1);
  drop->message = g_object_ref (exchange->message);
  drop->bytes = bytes;
  drop->abruptly = abruptly;
  g_idle_add_full (G_PRIORITY_DEFAULT, drop_now, drop, drop_free);
}

static void
exchange_drop (gpointer data, gboolean abruptly)
{
  drop_soon (data, NULL, abruptly);
}

/* Headers that promise the whole, half of the body, and the end. */
static void
send_cut (Exchange *exchange, guint status, GPtrArray *headers, GBytes *body)
{
  GString *head = g_string_new (NULL);
  GByteArray *bytes = g_byte_array_new ();

  g_string_append_printf (head, "HTTP/1.1 %u %s\r\n", status, soup_status_get_phrase (status));
  for (guint i = 0; i + 1 < headers->len; i += 2)
    g_string_append_printf (head, "%s: %s\r\n", (char *)headers->pdata[i], (char *)headers->pdata[i + 1]);
  g_string_append_printf (head, "Content-Length: %zu\r\n\r\n", g_bytes_get_size (body));
  g_byte_array_append (bytes, (const guint8 *)head->str, head->len);
  g_byte_array_append (bytes, g_bytes_get_data (body, NULL), g_bytes_get_size (body) / 2);
  g_string_free (head, TRUE);
  drop_soon (exchange, bytes, FALSE);
}

static gboolean
client_wants_the_end (const Request *request)
{
  const char *wanted = request_header (request, "connection");

  return wanted != NULL && g_ascii_strcasecmp (wanted, "close") == 0;
}

static void
exchange_answer (gpointer data, guint status, const char *reason, GPtrArray *headers, GBytes *body, gboolean cut)
{
  Exchange *exchange = data;
  SoupMessageHeaders *out;

  if (exchange->gone)
    return;
  if (cut) {
    send_cut (exchange, status, headers, body);
    return;
  }
  out = soup_server_message_get_response_headers (exchange->message);
  for (guint i = 0; i + 1 < headers->len; i += 2)
    soup_message_headers_append (out, headers->pdata[i], headers->pdata[i + 1]);
  if (status == SOUP_STATUS_NOT_MODIFIED)
    soup_message_headers_set_encoding (out, SOUP_ENCODING_NONE); /* else it tells a length of 0 */
  if (client_wants_the_end (exchange->request))
    soup_message_headers_append (out, "Connection", "close"); /* libsoup ends it without a word */
  soup_server_message_set_status (exchange->message, status, reason);
  if (g_bytes_get_size (body) > 0)
    soup_message_body_append_bytes (soup_server_message_get_response_body (exchange->message), body);
  resume (exchange);
}

static const Transport soup_transport = { exchange_answer, exchange_drop, exchange_free };

/* libsoup does not look at a paused connection, so a client that left a hanging request would never be missed. */
static gboolean
paused_socket_ready (GSocket *socket, GIOCondition condition, gpointer data)
{
  Exchange *exchange = data;
  char byte;

  if (recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
    stop_watching (exchange); /* the next request, or TLS talk: nothing can be told any more */
    return G_SOURCE_REMOVE;
  }
  soup_server_message_set_status (exchange->message, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL);
  resume (exchange);
  exchange->gone = TRUE;
  request_abandoned (exchange->request);
  return G_SOURCE_REMOVE;
}

static void
pause_exchange (Exchange *exchange)
{
  GSocket *socket = soup_server_message_get_socket (exchange->message);

  soup_server_message_pause (exchange->message);
  exchange->paused = TRUE;
  if (socket != NULL) {
    exchange->watch = g_socket_create_source (socket, G_IO_IN | G_IO_HUP | G_IO_ERR, NULL);
    g_source_set_callback (exchange->watch, G_SOURCE_FUNC (paused_socket_ready), exchange, NULL);
    g_source_attach (exchange->watch, NULL);
  }
}

static void
receive_header (const char *name, const char *value, gpointer request)
{
  request_receive_header (request, name, value);
}

static Request *
request_from_message (Server *self, SoupServerMessage *message, const char *path)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  g_autoptr (GBytes) body = soup_message_body_flatten (soup_server_message_get_request_body (message));
  GSocketAddress *remote = soup_server_message_get_remote_address (message);
  GUri *uri = soup_server_message_get_uri (message);
  Request *request = request_new (self->origin, soup_server_message_get_method (message), path, g_uri_get_query (uri));

  request->body = g_steal_pointer (&body);
  soup_message_headers_foreach (headers, receive_header, request);
  soup_message_headers_remove (headers, "Range"); /* libsoup would answer with a part of what is no file */
  request->http_version = soup_server_message_get_http_version (message) == SOUP_HTTP_1_0 ? "1.0" : "1.1";
  request->connection = connection_number (remote);
  request->from_loopback = address_is_loopback (remote);
  return request;
}

static void
handle_message (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  Server *self = data;
  g_autoptr (Request) request = request_from_message (self, message, path);
  Exchange *exchange = g_new0 (Exchange, 1);

  exchange->message = g_object_ref (message);
  exchange->request = request;
  g_object_set_data (G_OBJECT (message), EXCHANGE_KEY, exchange);
  request->transport = &soup_transport;
  request->transport_data = exchange;
  self->handler (request, self->data);
  if (request->transport != NULL)
    pause_exchange (exchange);
}

static void
message_aborted (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  Exchange *exchange = g_object_get_data (G_OBJECT (message), EXCHANGE_KEY);

  if (exchange != NULL && !exchange->gone) {
    exchange->gone = TRUE;
    request_abandoned (exchange->request);
  }
}

/* libsoup 3.2 forgets to close a connection that its client has closed between two requests. This source has a low
 * priority, so libsoup has read what there is before it runs. Over TLS libsoup gives out no socket; such connections are
 * few, and are left as they are. */
static gboolean
idle_socket_ready (GSocket *socket, GIOCondition condition, gpointer data)
{
  char byte;

  if (!g_socket_is_closed (socket)) {
    if (recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
      return G_SOURCE_CONTINUE;
    g_socket_close (socket, NULL);
  }
  g_object_set_data (G_OBJECT (socket), IDLE_KEY, NULL);
  return G_SOURCE_REMOVE;
}

static void
end_watch (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static void
message_finished (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  GSocket *socket = soup_server_message_get_socket (message);
  GSource *watch;

  if (socket == NULL || g_socket_is_closed (socket))
    return;
  watch = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_priority (watch, G_PRIORITY_LOW);
  g_source_set_callback (watch, G_SOURCE_FUNC (idle_socket_ready), NULL, NULL);
  g_object_set_data_full (G_OBJECT (socket), IDLE_KEY, watch, end_watch);
  g_source_attach (watch, NULL);
}

static void
message_started (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  GSocket *socket = soup_server_message_get_socket (message);

  if (socket != NULL)
    g_object_set_data (G_OBJECT (socket), IDLE_KEY, NULL);
}

static guint16
listening_port (SoupServer *soup)
{
  GSList *sockets = soup_server_get_listeners (soup);
  g_autoptr (GSocketAddress) address = sockets != NULL ? g_socket_get_local_address (sockets->data, NULL) : NULL;

  g_slist_free (sockets);
  return address != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}

static void
tls_accepted (GIOStream *stream, GSocketAddress *local, GSocketAddress *remote, gboolean http2, gpointer data)
{
  Server *self = data;
  g_autoptr (GError) error = NULL;

  if (http2)
    h2_serve (stream, self->origin, connection_number (remote), address_is_loopback (remote), self->handler,
              self->data);
  else if (!soup_server_accept_iostream (self->soup, stream, local, remote, &error))
    g_warning ("libsoup does not take a connection: %s", error->message);
}

/* libsoup keeps a connection for the next request only while it listens somewhere itself, and here tls.c does. Nobody
 * can connect to one end of a pair. */
static gboolean
seem_to_listen (Server *self, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "no pair of sockets: %s", g_strerror (errno));
    return FALSE;
  }
  self->silent = ends[0];
  socket = g_socket_new_from_fd (ends[1], error);
  return socket != NULL && soup_server_listen_socket (self->soup, socket, 0, error);
}

/* libsoup's own queue of connections is ten long, and a client that opens a hundred at once waits for seconds. */
static gboolean
listen_plainly (SoupServer *soup, GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket) socket
      = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL)
    return FALSE;
  g_socket_set_listen_backlog (socket, SOMAXCONN);
  return g_socket_bind (socket, address, TRUE, error) && g_socket_listen (socket, error)
         && soup_server_listen_socket (soup, socket, 0, error);
}

static gboolean
listen_on (Server *self, GSocketAddress *address, GTlsCertificate *certificate, GError **error)
{
  if (certificate != NULL) {
    self->tls = tls_listener_new (address, certificate, tls_accepted, self, error);
    self->port = self->tls != NULL ? tls_listener_port (self->tls) : 0;
    return self->tls != NULL && seem_to_listen (self, error);
  }
  if (!listen_plainly (self->soup, address, error))
    return FALSE;
  self->port = listening_port (self->soup);
  return TRUE;
}

Server *
server_new (Origin origin, const char *host, guint16 port, GTlsCertificate *certificate, ServerHandler handler,
            gpointer data, GError **error)
{
  g_autoptr (Server) self = g_new0 (Server, 1);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);

  if (address == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is not an IP address to listen on", host);
    return NULL;
  }
  self->silent = -1;
  self->origin = origin;
  self->handler = handler;
  self->data = data;
  self->soup = soup_server_new ("server-header", "people-emulator", NULL);
  soup_server_add_handler (self->soup, NULL, handle_message, self, NULL);
  g_signal_connect (self->soup, "request-aborted", G_CALLBACK (message_aborted), NULL);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (message_started), NULL);
  g_signal_connect (self->soup, "request-finished", G_CALLBACK (message_finished), NULL);
  if (!listen_on (self, address, certificate, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
server_free (Server *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->tls, tls_listener_free);
  if (self->soup != NULL)
    soup_server_disconnect (self->soup);
  g_clear_object (&self->soup);
  if (self->silent >= 0)
    close (self->silent);
  g_free (self);
}

char *
server_url (const Server *self, const char *host)
{
  gboolean six = strchr (host, ':') != NULL;

  return g_strdup_printf ("%s://%s%s%s:%u", self->tls != NULL ? "https" : "http", six ? "[" : "", host, six ? "]" : "",
                          self->port);
}
