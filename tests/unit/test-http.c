/* The HTTP transport against a scripted server: connections, deadlines, TLS. */
#include <glib/gstdio.h>
#include <string.h>

#include "http-fixture.h"
#include "net/error.h"
#include "net/http.h"

#define STALLING_SECONDS 15 /* to a deadline: few enough for a test, and three times as many as a stall takes */

static void
assert_body (HttpResponse *response, const char *expected)
{
  gsize size;
  const char *data = g_bytes_get_data (response->body, &size);

  g_assert_cmpmem (data, size, expected, strlen (expected));
}

static void
test_answer (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = NULL;

  script_answer (f->server, 418, "text/plain", "short and stout", -1);
  script_header (f->server, "Retry-After", "7");
  response = http_fixture_get (f, "/pot?a=b%2Cc", AMPLE, &error);
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
test_redirect_is_an_answer (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = NULL;
  g_autofree char *expected = script_server_url (f->server, "/there");

  script_answer (f->server, 302, "text/plain", "", -1);
  script_header (f->server, "Location", "/there");
  response = http_fixture_get (f, "/here", AMPLE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (response->status, ==, 302);
  g_assert_cmpstr (response->location, ==, expected);
  g_assert_cmpuint (script_server_count (f->server), ==, 1);
}

static void
test_reuse (HttpFixture *f, gconstpointer data)
{
  HttpStatistics statistics;

  for (int i = 0; i < 3; i++) {
    g_autoptr (HttpResponse) response = NULL;

    script_answer (f->server, 200, "text/plain", "x", -1);
    response = http_fixture_get (f, "/", AMPLE, NULL);
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
run_many (HttpFixture *f, guint n, guint parallel)
{
  Held held = { g_ptr_array_new_with_free_func (g_object_unref), parallel };
  g_autofree GAsyncResult **results = g_new0 (GAsyncResult *, n);

  script_server_set_hook (f->server, hold, &held);
  for (guint i = 0; i < n; i++)
    http_fixture_start (f, "/", AMPLE, NULL, &results[i]);
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
test_256_in_parallel (HttpFixture *f, gconstpointer data)
{
  run_many (f, 256, 256);
}

static void
test_deadline (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  script_hang (f->server);
  g_assert_null (http_fixture_get (f, "/", 0.3, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  g_assert_cmpfloat (seconds_since (begun), >=, 0.29);
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
check_frozen_connection (HttpFixture *f, double seconds)
{
  g_autoptr (GPtrArray) frozen = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  HttpResponse *response;
  HttpStatistics statistics;

  script_server_set_hook (f->server, freeze_first_connection, frozen);
  response = http_fixture_get (f, "/", AMPLE, &error);
  g_assert_no_error (error);
  http_response_free (response);

  g_assert_null (http_fixture_get (f, "/", seconds, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_cmpuint (frozen->len, ==, 1);

  for (int i = 0; i < 3; i++) {
    response = http_fixture_get (f, "/", AMPLE, &error);
    g_assert_no_error (error);
    http_response_free (response);
  }
  g_assert_cmpuint (frozen->len, ==, 1);
  http_client_get_statistics (f->client, &statistics);
  g_assert_cmpuint (statistics.connections, ==, 2);
}

static void
test_fresh_connection_after_deadline (HttpFixture *f, gconstpointer data)
{
  check_frozen_connection (f, 3);
}

/* A third of the time that is left without a byte is a stall, which ends the request long before its deadline. */
static void
test_fresh_connection_after_stall (HttpFixture *f, gconstpointer data)
{
  gint64 end = deadline_in (STALLING_SECONDS);

  check_frozen_connection (f, STALLING_SECONDS);
  g_assert_cmpint (g_get_monotonic_time (), <, end);
}

/* ---- TLS ---- */

/* The server's, its key, and one that did not sign it. Not the system's authorities: curl would read a hundred of them
 * for each connection. */
static char *certificate_file, *key_file, *stranger_file;

/* data: not NULL for HTTP/2, which soup speaks only when asked to. */
static void
set_up_tls (HttpFixture *f, gconstpointer data)
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
test_multiplex (HttpFixture *f, gconstpointer data)
{
  HttpStatistics statistics;

  run_many (f, 100, 100);
  http_client_get_statistics (f->client, &statistics);
  g_assert_cmpuint (statistics.requests, ==, 100);
  g_assert_cmpuint (statistics.connections, ==, 1);
}

/* What is asked next need not wait for a connection. */
static void
test_connect (HttpFixture *f, gconstpointer data)
{
  g_autofree char *url = script_server_url (f->server, "/");
  HttpStatistics statistics = { 0 };

  for (int i = 0; i < 2; i++) { /* the second time there is one */
    http_connect (f->client, url, FALSE);
    while (statistics.connections == 0 || g_main_context_pending (NULL)) {
      g_main_context_iteration (NULL, TRUE);
      http_client_get_statistics (f->client, &statistics);
    }
  }
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
  run_many (f, 3, 3);
  http_client_get_statistics (f->client, &statistics);
  g_assert_cmpuint (statistics.requests, ==, 3);
  g_assert_cmpuint (statistics.connections, ==, 1);
}

static void
test_more_than_streams (HttpFixture *f, gconstpointer data)
{
  HttpStatistics statistics;

  run_many (f, 256, 128);
  http_client_get_statistics (f->client, &statistics);
  g_assert_cmpuint (statistics.requests, ==, 256);
  g_assert_cmpuint (statistics.connections, <=, 4);
}

/* TLS without HTTP/2: parallel once the first answers have shown it. */
static void
test_http1_over_tls (HttpFixture *f, gconstpointer data)
{
  run_many (f, 2, 1);
  run_many (f, 64, 64);
}

static void
test_unknown_authority (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("SSL_CERT_FILE", stranger_file, TRUE);
  http_client_free (f->client);
  f->client = http_client_new ();
  g_assert_null (http_fixture_get (f, "/", AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TLS);
  g_assert_nonnull (strstr (error->message, "did not verify (SSL certificate problem"));
}

static void
send_up (HttpFixture *f, gsize size)
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
test_large_body_up (HttpFixture *f, gconstpointer data)
{
  send_up (f, 8 * 1024 * 1024);
}

/* The server of soup 3.2 never widens the 64 KiB window of HTTP/2. */
static void
test_body_up_http2 (HttpFixture *f, gconstpointer data)
{
  send_up (f, 32 * 1024);
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
#define ADD_TLS(name, func, data)                                                                                      \
  g_test_add ("/http/tls/" name, HttpFixture, data, set_up_tls, func, http_fixture_tear_down)
  HTTP_TEST ("/http/answer", test_answer);
  HTTP_TEST ("/http/redirect-is-an-answer", test_redirect_is_an_answer);
  HTTP_TEST ("/http/reuse", test_reuse);
  HTTP_TEST ("/http/256-in-parallel", test_256_in_parallel);
  HTTP_TEST ("/http/deadline", test_deadline);
  HTTP_TEST ("/http/large-body-up", test_large_body_up);
  HTTP_TEST ("/http/fresh-connection-after-deadline", test_fresh_connection_after_deadline);
  ADD_TLS ("multiplex", test_multiplex, "h2");
  ADD_TLS ("more-than-streams", test_more_than_streams, "h2");
  ADD_TLS ("connect", test_connect, "2");
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
