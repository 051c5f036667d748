/* The HTTP transport against a scripted server: connections, deadlines, cancellation, TLS. */
#include <glib/gstdio.h>
#include <string.h>

#include "net/error.h"
#include "net/http.h"
#include "script-server.h"

#define STALLING_SECONDS 15 /* to a deadline: few enough for a test, and three times as many as a stall takes */

typedef struct {
  ScriptServer *server;
  HttpClient *client;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->server = script_server_new (NULL);
  f->client = http_client_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  http_client_free (f->client);
  script_server_free (f->server);
}

static void
start (Fixture *f, const char *path, double seconds, GCancellable *cancellable, GAsyncResult **slot)
{
  g_autofree char *url = script_server_url (f->server, path);

  http_send_async (f->client, http_request_new ("GET", url), deadline_in (seconds), cancellable, keep_result, slot);
}

static HttpResponse *
get (Fixture *f, const char *path, double seconds, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  start (f, path, seconds, NULL, &result);
  return http_send_finish (await_result (&result), error);
}

static void
assert_body (HttpResponse *response, const char *expected)
{
  gsize size;
  const char *data = g_bytes_get_data (response->body, &size);

  g_assert_cmpmem (data, size, expected, strlen (expected));
}

static void
test_answer (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = NULL;

  script_answer (f->server, 418, "text/plain", "short and stout", -1);
  script_header (f->server, "Retry-After", "7");
  response = get (f, "/pot?a=b%2Cc", AMPLE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (response->status, ==, 418);
  g_assert_cmpstr (response->content_type, ==, "text/plain");
  g_assert_cmpint (response->retry_after, ==, 7 * G_USEC_PER_SEC);
  assert_body (response, "short and stout");
  g_assert_cmpstr (script_server_seen (f->server, 0)->path, ==, "/pot");
  g_assert_cmpstr (script_server_seen (f->server, 0)->query, ==, "a=b%2Cc");
  g_assert_null (script_server_seen (f->server, 0)->authorization);
}

static void
test_redirect_is_an_answer (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = NULL;
  g_autofree char *expected = script_server_url (f->server, "/there");

  script_answer (f->server, 302, "text/plain", "", -1);
  script_header (f->server, "Location", "/there");
  response = get (f, "/here", AMPLE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (response->status, ==, 302);
  g_assert_cmpstr (response->location, ==, expected);
  g_assert_cmpuint (script_server_count (f->server), ==, 1);
}

static void
test_reuse (Fixture *f, gconstpointer data)
{
  HttpStatistics statistics;

  for (int i = 0; i < 3; i++) {
    g_autoptr (HttpResponse) response = NULL;

    script_answer (f->server, 200, "text/plain", "x", -1);
    response = get (f, "/", AMPLE, NULL);
    g_assert_nonnull (response);
  }
  http_client_get_statistics (f->client, &statistics);
  g_assert_cmpuint (statistics.requests, ==, 3);
  g_assert_cmpuint (statistics.connections, ==, 1);
}

typedef struct {
  GPtrArray *messages;
  guint wanted; /* as many are on the server before the first is answered */
} Held;

static gboolean
release (gpointer data)
{
  GPtrArray *held = data;

  for (guint i = 0; i < held->len; i++) {
    soup_server_message_set_status (held->pdata[i], 200, NULL);
    soup_server_message_set_response (held->pdata[i], "text/plain", SOUP_MEMORY_STATIC, "x", 1);
    soup_server_message_unpause (held->pdata[i]);
  }
  return G_SOURCE_REMOVE;
}

static gboolean
hold (ScriptServer *server, SoupServerMessage *message, const Seen *seen, gpointer data)
{
  Held *held = data;

  soup_server_message_pause (message);
  g_ptr_array_add (held->messages, g_object_ref (message));
  if (held->messages->len == held->wanted) {
    g_idle_add_full (G_PRIORITY_DEFAULT, release, g_steal_pointer (&held->messages), (GDestroyNotify)g_ptr_array_unref);
    held->messages = g_ptr_array_new_with_free_func (g_object_unref);
  }
  return TRUE;
}

/* n requests at once; the server answers when parallel of them have come, then when as many more have. */
static void
run_many (Fixture *f, guint n, guint parallel)
{
  Held held = { g_ptr_array_new_with_free_func (g_object_unref), parallel };
  g_autofree GAsyncResult **results = g_new0 (GAsyncResult *, n);

  script_server_set_hook (f->server, hold, &held);
  for (guint i = 0; i < n; i++)
    start (f, "/", AMPLE, NULL, &results[i]);
  for (guint i = 0; i < n; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (HttpResponse) response = http_send_finish (await_result (&results[i]), &error);

    g_assert_no_error (error);
    g_assert_cmpuint (response->status, ==, 200);
    g_object_unref (results[i]);
  }
  script_server_set_hook (f->server, NULL, NULL);
  g_ptr_array_unref (held.messages);
}

static void
test_256_in_parallel (Fixture *f, gconstpointer data)
{
  run_many (f, 256, 256);
}

static void
test_deadline (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  script_hang (f->server);
  g_assert_null (get (f, "/", 0.3, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  g_assert_cmpfloat (seconds_since (begun), >=, 0.29);
}

static void
test_deadline_in_the_past (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (get (f, "/", -1, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
}

/* Transfer full. */
static GError *
fail_to_get (Fixture *f, const char *url)
{
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  http_send_async (f->client, http_request_new ("GET", url), deadline_in (AMPLE), NULL, keep_result, &result);
  g_assert_null (http_send_finish (await_result (&result), &error));
  return error;
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = fail_to_get (f, "http://127.0.0.1:1/");

  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE);
  g_assert_nonnull (strstr (error->message, "127.0.0.1"));
}

/* Those that wait for the first one's connection must not wait for ever when it fails. */
static void
test_many_refused_over_tls (Fixture *f, gconstpointer data)
{
  GAsyncResult *results[50] = { NULL };

  for (int i = 0; i < 50; i++)
    http_send_async (f->client, http_request_new ("GET", "https://127.0.0.1:1/"), deadline_in (AMPLE), NULL,
                     keep_result, &results[i]);
  for (int i = 0; i < 50; i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (http_send_finish (await_result (&results[i]), &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE);
    g_object_unref (results[i]);
  }
}

static void
test_cut (Fixture *f, gconstpointer data)
{
  const char *answers[]
      = { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "HTTP/1.1 200 OK\r\nConte", "" };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autoptr (GError) error = NULL;

    script_raw (f->server, answers[i]);
    g_assert_null (get (f, "/", AMPLE, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER);
  }
}

static void
test_too_large (Fixture *f, gconstpointer data)
{
  g_autofree char *url = script_server_url (f->server, "/");
  HttpRequest *request = http_request_new ("GET", url);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  script_answer (f->server, 200, "text/plain", "123456789", -1);
  request->max_answer = 8;
  http_send_async (f->client, request, deadline_in (AMPLE), NULL, keep_result, &result);
  g_assert_null (http_send_finish (await_result (&result), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
}

static void
test_cancel_at_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  start (f, "/", AMPLE, cancellable, &result);
  g_assert_null (result); /* never from inside the call */
  g_assert_null (http_send_finish (await_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
}

static void
test_cancel_in_the_middle (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  script_hang (f->server);
  start (f, "/", AMPLE, cancellable, &result);
  await_requests (f->server, 1);
  g_cancellable_cancel (cancellable);
  g_assert_null (http_send_finish (await_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel_after_the_end (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (HttpResponse) response = NULL;
  g_autoptr (GError) error = NULL;

  script_answer (f->server, 200, "text/plain", "x", -1);
  start (f, "/", AMPLE, cancellable, &result);
  response = http_send_finish (await_result (&result), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (response->status, ==, 200);
  g_cancellable_cancel (cancellable);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
test_free_while_pending (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  script_hang (f->server);
  start (f, "/", AMPLE, NULL, &result);
  await_requests (f->server, 1);
  g_clear_pointer (&f->client, http_client_free);
  g_assert_null (result);
  g_assert_null (http_send_finish (await_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Answers the first request of the first connection, and no later one of it. */
static gboolean
freeze_first_connection (ScriptServer *server, SoupServerMessage *message, const Seen *seen, gpointer data)
{
  GPtrArray *frozen = data;

  if (script_server_count (server) > 1 && seen->port == script_server_seen (server, 0)->port) {
    soup_server_message_pause (message);
    g_ptr_array_add (frozen, g_object_ref (message));
    return TRUE;
  }
  soup_server_message_set_status (message, 200, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, "x", 1);
  return TRUE;
}

static void
check_frozen_connection (Fixture *f, double seconds)
{
  g_autoptr (GPtrArray) frozen = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  HttpResponse *response;
  HttpStatistics statistics;

  script_server_set_hook (f->server, freeze_first_connection, frozen);
  response = get (f, "/", AMPLE, &error);
  g_assert_no_error (error);
  http_response_free (response);

  g_assert_null (get (f, "/", seconds, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_cmpuint (frozen->len, ==, 1);

  for (int i = 0; i < 3; i++) {
    response = get (f, "/", AMPLE, &error);
    g_assert_no_error (error);
    http_response_free (response);
  }
  g_assert_cmpuint (frozen->len, ==, 1);
  http_client_get_statistics (f->client, &statistics);
  g_assert_cmpuint (statistics.connections, ==, 2);
}

static void
test_fresh_connection_after_deadline (Fixture *f, gconstpointer data)
{
  check_frozen_connection (f, 3);
}

/* A third of the time that is left without a byte is a stall, which ends the request long before its deadline. */
static void
test_fresh_connection_after_stall (Fixture *f, gconstpointer data)
{
  gint64 end = deadline_in (STALLING_SECONDS);

  check_frozen_connection (f, STALLING_SECONDS);
  g_assert_cmpint (g_get_monotonic_time (), <, end);
}

static void
accepted (GObject *source, GAsyncResult *result, gpointer data)
{
  GPtrArray *connections = data;

  g_ptr_array_add (connections, g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, NULL));
}

/* A server that takes connections and never shakes hands: the others wait for the first one's, and when that is given
 * up, the next one makes its own. */
static void
test_mute_tls_server (Fixture *f, gconstpointer data)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *url = g_strdup_printf ("https://127.0.0.1:%u/", port);
  g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *results[3] = { NULL };

  for (guint i = 0; i < 3; i++)
    http_send_async (f->client, http_request_new ("GET", url), deadline_in (i == 0 ? 0.3 : AMPLE),
                     i == 0 ? NULL : cancellable, keep_result, &results[i]);
  for (guint i = 0; i < 2; i++) {
    g_socket_listener_accept_async (listener, NULL, accepted, connections);
    while (connections->len == i)
      g_main_context_iteration (NULL, TRUE);
  }
  g_assert_nonnull (results[0]);
  g_assert_null (results[1]);
  g_assert_null (results[2]);
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (http_send_finish (await_result (&results[i]), &error));
    if (i == 0)
      g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
    else
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_object_unref (results[i]);
  }
}

/* ---- TLS ---- */

/* The server's, its key, and one that did not sign it. Not the system's authorities: curl would read a hundred of them
 * for each connection. */
static char *certificate_file, *key_file, *stranger_file;

/* data: not NULL for HTTP/2, which soup speaks only when asked to. */
static void
set_up_tls (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_files (certificate_file, key_file, &error);

  g_assert_no_error (error);
  if (data != NULL)
    g_setenv ("SOUP_SERVER_HTTP2", "1", TRUE);
  else
    g_unsetenv ("SOUP_SERVER_HTTP2");
  g_setenv ("SSL_CERT_FILE", certificate_file, TRUE);
  f->server = script_server_new (certificate);
  f->client = http_client_new ();
}

/* One connection carries them all, as long as the server takes them (soup: 100 streams). */
static void
test_multiplex (Fixture *f, gconstpointer data)
{
  HttpStatistics statistics;

  run_many (f, 100, 100);
  http_client_get_statistics (f->client, &statistics);
  g_assert_cmpuint (statistics.requests, ==, 100);
  g_assert_cmpuint (statistics.connections, ==, 1);
}

static void
test_more_than_streams (Fixture *f, gconstpointer data)
{
  HttpStatistics statistics;

  run_many (f, 256, 128);
  http_client_get_statistics (f->client, &statistics);
  g_assert_cmpuint (statistics.requests, ==, 256);
  g_assert_cmpuint (statistics.connections, <=, 4);
}

/* TLS without HTTP/2: parallel once the first answers have shown it. */
static void
test_http1_over_tls (Fixture *f, gconstpointer data)
{
  run_many (f, 2, 1);
  run_many (f, 64, 64);
}

static void
test_unknown_authority (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("SSL_CERT_FILE", stranger_file, TRUE);
  http_client_free (f->client);
  f->client = http_client_new ();
  g_assert_null (get (f, "/", AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TLS);
  g_assert_nonnull (strstr (error->message, "did not verify (SSL certificate problem"));
}

static void
send_up (Fixture *f, gsize size)
{
  g_autofree char *url = script_server_url (f->server, "/up");
  char *data = g_malloc (size);
  g_autoptr (GBytes) body = g_bytes_new_take (memset (data, 'p', size), size);
  HttpRequest *request = http_request_new ("PATCH", url);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = NULL;

  http_request_set_body (request, "application/json", body);
  script_answer (f->server, 200, "text/plain", "got it", -1);
  http_send_async (f->client, request, deadline_in (AMPLE), NULL, keep_result, &result);
  response = http_send_finish (await_result (&result), &error);
  g_assert_no_error (error);
  assert_body (response, "got it");
  g_assert_cmpstr (script_server_seen (f->server, 0)->method, ==, "PATCH");
  g_assert_true (g_bytes_equal (script_server_seen (f->server, 0)->body, body));
}

static void
test_large_body_up (Fixture *f, gconstpointer data)
{
  send_up (f, 8 * 1024 * 1024);
}

/* The server of soup 3.2 never widens the 64 KiB window of HTTP/2. */
static void
test_body_up_http2 (Fixture *f, gconstpointer data)
{
  send_up (f, 32 * 1024);
}

static void
test_foreign_http_is_not_sent (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = fail_to_get (f, "http://192.0.2.1/");

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_autofree char *dir = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("contactfs-http-XXXXXX", NULL);
  certificate_file = g_build_filename (dir, "certificate.pem", NULL);
  key_file = g_build_filename (dir, "key.pem", NULL);
  stranger_file = g_build_filename (dir, "stranger.pem", NULL);
  script_make_certificate (stranger_file, key_file);
  script_make_certificate (certificate_file, key_file);
  g_setenv ("CURL_CA_BUNDLE", stranger_file, TRUE); /* both are believed: this, and $SSL_CERT_FILE */
#define ADD(name, func)           g_test_add ("/http/" name, Fixture, NULL, set_up, func, tear_down)
#define ADD_TLS(name, func, data) g_test_add ("/http/tls/" name, Fixture, data, set_up_tls, func, tear_down)
  ADD ("answer", test_answer);
  ADD ("redirect-is-an-answer", test_redirect_is_an_answer);
  ADD ("reuse", test_reuse);
  ADD ("256-in-parallel", test_256_in_parallel);
  ADD ("deadline", test_deadline);
  ADD ("deadline-in-the-past", test_deadline_in_the_past);
  ADD ("refused", test_refused);
  ADD ("many-refused-over-tls", test_many_refused_over_tls);
  ADD ("cut", test_cut);
  ADD ("too-large", test_too_large);
  ADD ("cancel-at-once", test_cancel_at_once);
  ADD ("cancel-in-the-middle", test_cancel_in_the_middle);
  ADD ("cancel-after-the-end", test_cancel_after_the_end);
  ADD ("free-while-pending", test_free_while_pending);
  ADD ("foreign-http-is-not-sent", test_foreign_http_is_not_sent);
  ADD ("large-body-up", test_large_body_up);
  ADD ("mute-tls-server", test_mute_tls_server);
  ADD ("fresh-connection-after-deadline", test_fresh_connection_after_deadline);
  ADD_TLS ("multiplex", test_multiplex, "h2");
  ADD_TLS ("more-than-streams", test_more_than_streams, "h2");
  ADD_TLS ("http1", test_http1_over_tls, NULL);
  ADD_TLS ("large-body-up", test_large_body_up, NULL);
  ADD_TLS ("body-up-http2", test_body_up_http2, "h2");
  ADD_TLS ("unknown-authority", test_unknown_authority, "h2");
  ADD_TLS ("fresh-connection-after-deadline", test_fresh_connection_after_deadline, "h2");
  ADD_TLS ("fresh-connection-after-stall", test_fresh_connection_after_stall, "h2");
  status = g_test_run ();
  g_unlink (certificate_file);
  g_unlink (key_file);
  g_unlink (stranger_file);
  g_rmdir (dir);
  g_free (certificate_file);
  g_free (stranger_file);
  g_free (key_file);
  return status;
}
