/* The scripted server, by libsoup. */
#include "script-server.h"

#include <string.h>

typedef enum { ANSWER, HANG, RAW } Kind;

typedef struct {
  Kind kind;
  guint status;
  char *content_type;
  GBytes *body;
  char *header, *value;
} Entry;

struct ScriptServer {
  SoupServer *soup;
  gboolean tls;
  GQueue script; /* of Entry */
  GPtrArray *seen;
  GPtrArray *hanging; /* messages kept alive */
  ScriptHook hook;
  gpointer hook_data;
};

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->content_type);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self->header);
  g_free (self->value);
  g_free (self);
}

static void
seen_free (gpointer data)
{
  Seen *self = data;

  g_free (self->method);
  g_free (self->path);
  g_free (self->query);
  g_free (self->authorization);
  g_free (self->quota_project);
  g_free (self->content_type);
  g_free (self->accept_encoding);
  g_bytes_unref (self->body);
  g_free (self);
}

static Seen *
look (SoupServerMessage *message)
{
  Seen *self = g_new0 (Seen, 1);
  GUri *uri = soup_server_message_get_uri (message);
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  self->method = g_strdup (soup_server_message_get_method (message));
  self->path = g_strdup (g_uri_get_path (uri));
  self->query = g_strdup (g_uri_get_query (uri));
  self->authorization = g_strdup (soup_message_headers_get_one (headers, "Authorization"));
  self->quota_project = g_strdup (soup_message_headers_get_one (headers, "X-Goog-User-Project"));
  self->content_type = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  self->accept_encoding = g_strdup (soup_message_headers_get_list (headers, "Accept-Encoding"));
  self->body = soup_message_body_flatten (soup_server_message_get_request_body (message));
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  return self;
}

static void
play (ScriptServer *self, SoupServerMessage *message, const Entry *entry)
{
  switch (entry->kind) {
  case ANSWER: {
    gsize size;
    const char *data = g_bytes_get_data (entry->body, &size);

    soup_server_message_set_status (message, entry->status, NULL);
    if (entry->header != NULL)
      soup_message_headers_append (soup_server_message_get_response_headers (message), entry->header, entry->value);
    soup_server_message_set_response (message, entry->content_type, SOUP_MEMORY_COPY, data, size);
    break;
  }
  case HANG:
    soup_server_message_pause (message);
    g_ptr_array_add (self->hanging, g_object_ref (message));
    break;
  case RAW: {
    g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);
    gsize size;
    const char *data = g_bytes_get_data (entry->body, &size);

    g_output_stream_write_all (g_io_stream_get_output_stream (stream), data, size, NULL, NULL, NULL);
    g_io_stream_close (stream, NULL, NULL);
    break;
  }
  }
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  ScriptServer *self = data;
  Seen *seen = look (message);
  Entry *entry;

  g_ptr_array_add (self->seen, seen);
  if (self->hook != NULL && self->hook (self, message, seen, self->hook_data))
    return;
  entry = g_queue_pop_head (&self->script);
  if (entry == NULL) {
    soup_server_message_set_status (message, 599, "Not in the script");
    return;
  }
  play (self, message, entry);
  entry_free (entry);
}

/* A listening socket whose queue takes a few hundred clients that come at once; soup's own takes ten. */
static GSocket *
listen_local (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  GSocket *listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);

  g_assert_no_error (error);
  g_socket_set_listen_backlog (listener, 1024);
  g_socket_bind (listener, address, TRUE, &error);
  g_assert_no_error (error);
  g_socket_listen (listener, &error);
  g_assert_no_error (error);
  return listener;
}

void
script_make_certificate (const char *certificate, const char *key)
{
  const char *argv[] = { "openssl",
                         "req",
                         "-x509",
                         "-newkey",
                         "ec",
                         "-pkeyopt",
                         "ec_paramgen_curve:prime256v1",
                         "-nodes",
                         "-keyout",
                         key,
                         "-out",
                         certificate,
                         "-days",
                         "2",
                         "-subj",
                         "/CN=test",
                         "-addext",
                         "subjectAltName=IP:127.0.0.1",
                         NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

ScriptServer *
script_server_new (GTlsCertificate *certificate)
{
  ScriptServer *self = g_new0 (ScriptServer, 1);
  g_autoptr (GSocket) listener = listen_local ();
  g_autoptr (GError) error = NULL;

  self->soup = soup_server_new ("raw-paths", TRUE, NULL);
  self->tls = certificate != NULL;
  if (certificate != NULL)
    soup_server_set_tls_certificate (self->soup, certificate);
  g_queue_init (&self->script);
  self->seen = g_ptr_array_new_with_free_func (seen_free);
  self->hanging = g_ptr_array_new_with_free_func (g_object_unref);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  soup_server_listen_socket (self->soup, listener, certificate != NULL ? SOUP_SERVER_LISTEN_HTTPS : 0, &error);
  g_assert_no_error (error);
  return self;
}

void
script_server_free (ScriptServer *self)
{
  static GPtrArray *kept; /* until the process ends */

  g_ptr_array_unref (self->hanging);
  if (self->tls) {
    /* soup 3.6 calls a client that soup_server_disconnect freed when that client's handshake ends. */
    soup_server_remove_handler (self->soup, NULL);
    if (kept == NULL)
      kept = g_ptr_array_new ();
    g_ptr_array_add (kept, self->soup);
  } else {
    soup_server_disconnect (self->soup);
    g_object_unref (self->soup);
  }
  g_queue_clear_full (&self->script, entry_free);
  g_ptr_array_unref (self->seen);
  g_free (self);
}

char *
script_server_url (ScriptServer *self, const char *path)
{
  g_autoptr (GSList) uris = soup_server_get_uris (self->soup);
  char *url = g_strdup_printf ("%s://127.0.0.1:%d%s", self->tls ? "https" : "http", g_uri_get_port (uris->data), path);

  g_slist_foreach (uris, (GFunc)(void (*) (void))g_uri_unref, NULL);
  return url;
}

void
script_server_set_hook (ScriptServer *self, ScriptHook hook, gpointer data)
{
  self->hook = hook;
  self->hook_data = data;
}

static Entry *
push (ScriptServer *self, Kind kind)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->kind = kind;
  g_queue_push_tail (&self->script, entry);
  return entry;
}

void
script_answer (ScriptServer *self, guint status, const char *content_type, const char *body, gssize length)
{
  Entry *entry = push (self, ANSWER);

  entry->status = status;
  entry->content_type = g_strdup (content_type);
  entry->body = g_bytes_new (body, length >= 0 ? (gsize)length : strlen (body));
}

void
script_json (ScriptServer *self, guint status, const char *json)
{
  script_answer (self, status, "application/json; charset=UTF-8", json, -1);
}

void
script_header (ScriptServer *self, const char *name, const char *value)
{
  Entry *entry = g_queue_peek_tail (&self->script);

  entry->header = g_strdup (name);
  entry->value = g_strdup (value);
}

void
script_hang (ScriptServer *self)
{
  push (self, HANG);
}

void
script_raw (ScriptServer *self, const char *bytes)
{
  push (self, RAW)->body = g_bytes_new (bytes, strlen (bytes));
}

guint
script_server_count (ScriptServer *self)
{
  return self->seen->len;
}

guint
script_server_left (ScriptServer *self)
{
  return g_queue_get_length (&self->script);
}

const Seen *
script_server_seen (ScriptServer *self, guint i)
{
  g_assert_cmpuint (i, <, self->seen->len);
  return self->seen->pdata[i];
}

void
keep_result (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **slot = data;

  g_assert_null (*slot);
  *slot = g_object_ref (result);
}

GAsyncResult *
await_result (GAsyncResult **slot)
{
  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *slot;
}

void
await_requests (ScriptServer *self, guint n)
{
  while (self->seen->len < n)
    g_main_context_iteration (NULL, TRUE);
}

gint64
deadline_in (double seconds)
{
  return g_get_monotonic_time () + (gint64)(seconds * G_USEC_PER_SEC);
}

double
seconds_since (gint64 start)
{
  return (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
}
