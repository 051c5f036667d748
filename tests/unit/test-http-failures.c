/* What stands in front of the service, and is none: other TLS, headers without end; and bodies that are too much. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/error.h"
#include "net/http.h"
#include "script-server.h"

static char *certificate, *key;

/* A system that lets everybody speak TLS of yesterday. Else it might be the system that refuses, and not contactfs. */
static const char lax_system[] = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = lax\n[lax]\n"
                                 "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n";

/* A server of the openssl program for one connection, as libsoup speaks no TLS of yesterday. */
static guint
start_old_tls (GSubprocess **server)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint port = g_socket_listener_add_any_inet_port (listener, NULL, &error);
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autoptr (GDataInputStream) lines = NULL;

  g_assert_no_error (error);
  g_socket_listener_close (listener);
  *server = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                  | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                              &error, "openssl", "s_server", "-accept", number, "-cert", certificate, "-key", key,
                              "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (*server));
  for (;;) { /* it says ACCEPT when it listens */
    g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &error);

    g_assert_nonnull (line);
    if (g_str_equal (line, "ACCEPT"))
      return port;
  }
}

static void
test_old_tls (void)
{
  g_autoptr (HttpClient) client = http_client_new ();
  g_autoptr (GSubprocess) server = NULL;
  g_autofree char *url = g_strdup_printf ("https://127.0.0.1:%u/", start_old_tls (&server));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  http_send_async (client, http_request_new ("GET", url), deadline_in (10), NULL, keep_result, &result);
  g_assert_null (http_send_finish (await_result (&result), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TLS);
  g_assert_nonnull (strstr (error->message, "does not speak TLS 1.2"));
  g_subprocess_force_exit (server);
  g_subprocess_wait (server, NULL, NULL);
}

static void
read_some (GIOStream *stream)
{
  char bytes[4096];
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (stream), bytes, sizeof bytes, NULL, &error), >,
                   0);
  g_assert_no_error (error);
}

static void
write_all (GIOStream *stream, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (stream), text, strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
}

/* Answers one request, resets the connection at the next one, and speaks no TLS on the connection after it. */
static gpointer
break_kept_connection (gpointer data)
{
  GSocketListener *listener = data;
  g_autoptr (GTlsCertificate) own = g_tls_certificate_new_from_files (certificate, key, NULL);
  g_autoptr (GSocketConnection) kept = g_socket_listener_accept (listener, NULL, NULL, NULL);
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (G_IO_STREAM (kept), own, NULL);
  g_autoptr (GSocketConnection) next = NULL;
  const struct linger at_once = { .l_onoff = 1 };

  read_some (tls);
  write_all (tls, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  read_some (tls);
  setsockopt (g_socket_get_fd (g_socket_connection_get_socket (kept)), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  g_socket_close (g_socket_connection_get_socket (kept), NULL);

  next = g_socket_listener_accept (listener, NULL, NULL, NULL);
  read_some (G_IO_STREAM (next));
  write_all (G_IO_STREAM (next), "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  return NULL;
}

/* curl's words are of the first connection then, and say nothing of the handshake. */
static void
test_no_tls_after_a_kept_connection (void)
{
  g_autoptr (HttpClient) client = http_client_new ();
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  GThread *server = g_thread_new ("server", break_kept_connection, listener);
  g_autofree char *url = g_strdup_printf ("https://127.0.0.1:%u/", port);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (HttpResponse) response = NULL;
  g_autoptr (GError) error = NULL;

  http_send_async (client, http_request_new ("GET", url), deadline_in (60), NULL, keep_result, &result);
  response = http_send_finish (await_result (&result), &error);
  g_assert_no_error (error);
  g_assert_nonnull (response);
  g_clear_object (&result);
  http_send_async (client, http_request_new ("GET", url), deadline_in (60), NULL, keep_result, &result);
  g_assert_null (http_send_finish (await_result (&result), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER);
  g_assert_nonnull (strstr (error->message, "was lost"));
  g_thread_join (server);
}

static void
assert_too_much (const char *answer)
{
  g_autoptr (HttpClient) client = http_client_new ();
  g_autoptr (ScriptServer) server = script_server_new (NULL);
  g_autofree char *url = script_server_url (server, "/");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  script_raw (server, answer);
  http_send_async (client, http_request_new ("GET", url), deadline_in (10), NULL, keep_result, &result);
  g_assert_null (http_send_finish (await_result (&result), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_assert_nonnull (strstr (error->message, "headers too large"));
}

static void
test_large_headers (void)
{
  g_autofree char *filler = g_strnfill (200 * 1024, 'x');
  g_autofree char *one = g_strdup_printf ("HTTP/1.1 200 OK\r\nX: %s\r\n\r\n", filler);
  g_autoptr (GString) many = g_string_new ("HTTP/1.1 200 OK\r\n");

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (many, "X-%u: %.1000s\r\n", i, filler);
  g_string_append (many, "\r\n");
  assert_too_much (one);
  assert_too_much (many->str);
}

/* ---- a body that goes elsewhere as it comes ---- */

typedef struct {
  GString *kept;
  gint64 length; /* as told at the beginning; G_MININT64: it never began */
  gboolean no_begin, no_write;
} Sink;

static gboolean
begin_sink (gpointer data, gint64 length, GError **error)
{
  Sink *self = data;

  self->length = length;
  g_string_truncate (self->kept, 0);
  if (self->no_begin)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "no room to begin");
  return !self->no_begin;
}

static gboolean
write_sink (gpointer data, gconstpointer bytes, gsize size, GError **error)
{
  Sink *self = data;

  if (self->no_write)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "no room to go on");
  else
    g_string_append_len (self->kept, bytes, (gssize)size);
  return !self->no_write;
}

#define TEN "0123456789"

static void
test_sinks (void)
{
  static const HttpSink sink = { begin_sink, write_sink };
  static const struct {
    const char *answer;
    const char *kept;  /* NULL: it fails */
    const char *words; /* of the failure */
    gint64 length; /* what the sink is told; G_MININT64: it is not asked; G_MAXINT64: it depends on libcurl's version */
    gboolean no_begin, no_write; /* what the sink cannot do */
  } cases[] = {
    { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" TEN, TEN, NULL, 10, FALSE, FALSE },
    { "HTTP/1.1 200 OK\r\n\r\n" TEN, TEN, NULL, -1, FALSE, FALSE },
    { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", NULL, 0, FALSE, FALSE },
    { "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\n" TEN, "", NULL, G_MININT64, FALSE, FALSE },
    { "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n" TEN TEN "x", NULL, "a body too large", G_MININT64, FALSE, FALSE },
    { "HTTP/1.1 404 Not Found\r\nContent-Length: 21\r\n\r\n" TEN TEN "x", NULL, "a body too large", G_MININT64, FALSE,
      FALSE },
    { "HTTP/1.1 200 OK\r\n\r\n" TEN TEN "x", NULL, "a body too large", G_MAXINT64, FALSE, FALSE },
    { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" TEN, NULL, "no room to begin", 10, TRUE, FALSE },
    { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL, "no room to begin", 0, TRUE, FALSE },
    { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" TEN, NULL, "no room to go on", 10, FALSE, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (HttpClient) client = http_client_new ();
    g_autoptr (ScriptServer) server = script_server_new (NULL);
    g_autofree char *url = script_server_url (server, "/");
    g_autoptr (GString) kept = g_string_new (NULL);
    Sink to = { kept, G_MININT64, cases[i].no_begin, cases[i].no_write };
    HttpRequest *request = http_request_new ("GET", url);
    g_autoptr (HttpResponse) response = NULL;
    g_autoptr (GAsyncResult) result = NULL;
    g_autoptr (GError) error = NULL;

    g_test_message ("case %zu", i);
    script_raw (server, cases[i].answer);
    request->sink = &sink;
    request->sink_data = &to;
    request->max_answer = 20;
    http_send_async (client, request, deadline_in (AMPLE), NULL, keep_result, &result);
    response = http_send_finish (await_result (&result), &error);
    if (cases[i].length != G_MAXINT64)
      g_assert_cmpint (to.length, ==, cases[i].length);
    if (cases[i].kept == NULL) {
      g_assert_null (response);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].words));
      continue;
    }
    g_assert_no_error (error);
    g_assert_cmpstr (kept->str, ==, cases[i].kept);
    g_assert_cmpuint (g_bytes_get_size (response->body), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_autofree char *dir = g_dir_make_tmp ("contactfs-failures-XXXXXX", NULL);
  g_autofree char *system = g_build_filename (dir, "openssl.cnf", NULL);
  int status;

  g_test_init (&argc, &argv, NULL);
  certificate = g_build_filename (dir, "certificate.pem", NULL);
  key = g_build_filename (dir, "key.pem", NULL);
  script_make_certificate (certificate, key);
  g_setenv ("SSL_CERT_FILE", certificate, TRUE);
  g_assert_true (g_file_set_contents (system, lax_system, -1, NULL));
  g_setenv ("OPENSSL_CONF", system, TRUE);
  g_test_add_func ("/http-failures/old-tls", test_old_tls);
  g_test_add_func ("/http-failures/no-tls-after-a-kept-connection", test_no_tls_after_a_kept_connection);
  g_test_add_func ("/http-failures/large-headers", test_large_headers);
  g_test_add_func ("/http-failures/sinks", test_sinks);
  status = g_test_run ();
  g_unlink (certificate);
  g_unlink (key);
  g_unlink (system);
  g_rmdir (dir);
  g_free (certificate);
  g_free (key);
  return status;
}
