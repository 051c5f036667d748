/*
 * A connection:  accepted ─┬─ by this user ─ read up to the empty line ─┬─ not ours ─→ 404 ──┬─ written ─→ closed
 *                          │                                            └─ visited() ─→ page ┘
 *                          └─ by anybody else ─→ closed
 */
#define G_LOG_DOMAIN "contactfs"

#include "login/listener.h"

#include <string.h>
#include <unistd.h>

#include "login/peer.h"
#include "login/request.h"
#include "net/error.h"
#include "net/wait-limits.h"

/* Codes are long, but not that long. */
#define MAX_REQUEST  16384
#define MAX_VISITORS 32
#define IDLE_SECONDS 10

struct LoginListener {
  GSocketService *service;
  guint16 port;
  GPtrArray *visitors; /* of LoginVisitor, owned; in the order in which they came */
  LoginVisitedFunc visited;
  LoginRefusedFunc refused;
  gpointer data;
  GTask *drain; /* or NULL */
  Limits drain_limits;
};

struct LoginVisitor {
  LoginListener *listener; /* NULL: it is gone, and what still runs frees self */
  GSocketConnection *connection;
  GCancellable *cancellable;
  char request[MAX_REQUEST + 1]; /* holds the code: wiped when freed */
  gsize length;
  gboolean waiting;
  GBytes *answer;
};

static void
visitor_free (LoginVisitor *self)
{
  explicit_bzero (self->request, sizeof self->request);
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->connection);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->answer, g_bytes_unref);
  g_free (self);
}

static gboolean
is_drained (const LoginListener *self)
{
  for (guint i = 0; i < self->visitors->len; i++)
    if (((const LoginVisitor *)self->visitors->pdata[i])->answer != NULL)
      return FALSE;
  return TRUE;
}

static void
end_drain (LoginListener *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->drain);

  limits_stop (&self->drain_limits);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
visitor_end (LoginVisitor *self)
{
  LoginListener *listener = self->listener;

  if (listener != NULL)
    g_ptr_array_remove (listener->visitors, self);
  visitor_free (self);
  if (listener != NULL && listener->drain != NULL && is_drained (listener))
    end_drain (listener);
}

/* ---- answering ---- */

static void
on_written (GObject *stream, GAsyncResult *result, gpointer data)
{
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, NULL);
  visitor_end (data);
}

void
login_visitor_answer (LoginVisitor *self, LoginPage page, const char *words)
{
  GOutputStream *stream = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));

  g_return_if_fail (self->answer == NULL);
  self->waiting = FALSE;
  self->answer = login_page_answer (page, words);
  g_output_stream_write_all_async (stream, g_bytes_get_data (self->answer, NULL), g_bytes_get_size (self->answer),
                                   G_PRIORITY_DEFAULT, self->cancellable, on_written, self);
}

/* ---- reading ---- */

static void
visitor_came (LoginVisitor *self)
{
  const char *query = login_request_query (self->request, self->length, self->listener->port);

  if (query == NULL) {
    login_visitor_answer (self, LOGIN_PAGE_MISSING,
                          "this address only takes the answer of the login that is under way");
    return;
  }
  self->waiting = TRUE;
  self->listener->visited (self, query, self->listener->data);
}

static void read_more (LoginVisitor *self);

static void
on_read (GObject *stream, GAsyncResult *result, gpointer data)
{
  LoginVisitor *self = data;
  gssize count = g_input_stream_read_finish (G_INPUT_STREAM (stream), result, NULL);

  if (count <= 0 || self->listener == NULL) {
    visitor_end (self);
    return;
  }
  self->length += (gsize)count;
  self->request[self->length] = '\0';
  if (strstr (self->request, "\r\n\r\n") != NULL)
    visitor_came (self);
  else if (self->length == MAX_REQUEST)
    visitor_end (self);
  else
    read_more (self);
}

static void
read_more (LoginVisitor *self)
{
  GInputStream *stream = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));

  g_input_stream_read_async (stream, self->request + self->length, MAX_REQUEST - self->length, G_PRIORITY_DEFAULT,
                             self->cancellable, on_read, self);
}

/* Whoever opens connections and sends nothing must not keep the browser out: the one that has been dawdling longest goes. */
static gboolean
make_room (LoginListener *self)
{
  for (guint i = 0; i < self->visitors->len; i++) {
    LoginVisitor *visitor = self->visitors->pdata[i];

    if (visitor->waiting || visitor->answer != NULL)
      continue;
    g_ptr_array_remove_index (self->visitors, i);
    visitor->listener = NULL;
    g_cancellable_cancel (visitor->cancellable); /* its callback frees it */
    return TRUE;
  }
  return FALSE;
}

#define NO_BROWSER "log in with --no-browser, and paste the address that the browser ends on"

/* The state that an answer must have is no secret from other users: it is among the arguments of the browser, which they
 * can see. */
static gboolean
may_come_in (LoginListener *self, GSocketConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = NULL;
  uid_t uid;

  if (!peer_uid (g_socket_connection_get_socket (connection), &uid, &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
      return FALSE; /* it has gone already */
    sentence = g_strdup_printf ("the kernel does not tell whose program came to the port of this login (%s), so it was "
                                "not let in: " NO_BROWSER,
                                error->message);
  } else if (uid != geteuid ()) {
    sentence = g_strdup_printf ("a program of another user (UID %u) came to the port of this login and was not let in; "
                                "if it was your browser, " NO_BROWSER,
                                (guint)uid);
  } else {
    return TRUE;
  }
  self->refused (sentence, self->data);
  return FALSE;
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
  LoginListener *self = data;
  LoginVisitor *visitor;

  if (!may_come_in (self, connection) || (self->visitors->len >= MAX_VISITORS && !make_room (self))) {
    g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
    return TRUE;
  }
  visitor = g_new0 (LoginVisitor, 1);
  visitor->listener = self;
  visitor->connection = g_object_ref (connection);
  visitor->cancellable = g_cancellable_new ();
  g_socket_set_timeout (g_socket_connection_get_socket (connection), IDLE_SECONDS);
  g_ptr_array_add (self->visitors, visitor);
  read_more (visitor);
  return TRUE;
}

/* ---- the port ---- */

static gboolean
open_port (LoginListener *self, GError **error)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) got = NULL;
  g_autoptr (GError) local = NULL;

  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), wanted, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_TCP, NULL, &got, &local)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE,
                 "no port can be opened on 127.0.0.1 for the browser to come back to (%s): nothing was changed",
                 local->message);
    return FALSE;
  }
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  return TRUE;
}

LoginListener *
login_listener_new (LoginVisitedFunc visited, LoginRefusedFunc refused, gpointer data, GError **error)
{
  g_autoptr (LoginListener) self = g_new0 (LoginListener, 1);

  self->service = g_socket_service_new ();
  self->visitors = g_ptr_array_new ();
  self->visited = visited;
  self->refused = refused;
  self->data = data;
  if (!open_port (self, error))
    return NULL;
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  return g_steal_pointer (&self);
}

guint16
login_listener_port (const LoginListener *self)
{
  return self->port;
}

static gboolean
on_drain_deadline (gpointer data)
{
  end_drain (data);
  return G_SOURCE_REMOVE;
}

void
login_listener_drain_async (LoginListener *self, gint64 deadline, GAsyncReadyCallback callback, gpointer data)
{
  self->drain = g_task_new (NULL, NULL, callback, data);
  limits_start (&self->drain_limits, deadline, on_drain_deadline, NULL, NULL, self);
  if (is_drained (self))
    end_drain (self);
}

void
login_listener_free (LoginListener *self)
{
  if (self == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->service, self);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  for (guint i = 0; i < self->visitors->len; i++) {
    LoginVisitor *visitor = self->visitors->pdata[i];

    visitor->listener = NULL;
    if (visitor->waiting)
      visitor_free (visitor); /* nothing runs for it */
    else
      g_cancellable_cancel (visitor->cancellable); /* its callback frees it */
  }
  g_ptr_array_unref (self->visitors);
  g_free (self);
}
