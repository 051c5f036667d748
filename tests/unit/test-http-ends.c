/* HTTP requests that end without an answer: refused, cut, cancelled, or never sent. */
#include <string.h>

#include "http-fixture.h"
#include "net/error.h"

static void
test_deadline_in_the_past (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (http_fixture_get (f, "/", -1, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
}

/* Transfer full. */
static GError *
fail_to_get (HttpFixture *f, const char *url)
{
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  http_send_async (f->client, http_request_new ("GET", url), deadline_in (AMPLE), NULL, keep_result, &result);
  g_assert_null (http_send_finish (await_result (&result), &error));
  return error;
}

static void
test_refused (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = fail_to_get (f, "http://127.0.0.1:1/");

  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE);
  g_assert_nonnull (strstr (error->message, "127.0.0.1"));
}

/* Those that wait for the first one's connection must not wait for ever when it fails. */
static void
test_many_refused_over_tls (HttpFixture *f, gconstpointer data)
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
test_cut (HttpFixture *f, gconstpointer data)
{
  const char *answers[]
      = { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "HTTP/1.1 200 OK\r\nConte", "" };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autoptr (GError) error = NULL;

    script_raw (f->server, answers[i]);
    g_assert_null (http_fixture_get (f, "/", AMPLE, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER);
  }
}

static void
test_too_large (HttpFixture *f, gconstpointer data)
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
finish_cancelled (GAsyncResult **result)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (http_send_finish (await_result (result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel_at_once (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  g_cancellable_cancel (cancellable);
  http_fixture_start (f, "/", AMPLE, cancellable, &result);
  g_assert_null (result); /* never from inside the call */
  finish_cancelled (&result);
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
}

static void
test_cancel_in_the_middle (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  script_hang (f->server);
  http_fixture_start (f, "/", AMPLE, cancellable, &result);
  await_requests (f->server, 1);
  g_cancellable_cancel (cancellable);
  finish_cancelled (&result);
}

static void
test_cancel_after_the_end (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (HttpResponse) response = NULL;
  g_autoptr (GError) error = NULL;

  script_answer (f->server, 200, "text/plain", "x", -1);
  http_fixture_start (f, "/", AMPLE, cancellable, &result);
  response = http_send_finish (await_result (&result), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (response->status, ==, 200);
  g_cancellable_cancel (cancellable);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
test_free_while_pending (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;

  script_hang (f->server);
  http_fixture_start (f, "/", AMPLE, NULL, &result);
  await_requests (f->server, 1);
  g_clear_pointer (&f->client, http_client_free);
  g_assert_null (result);
  finish_cancelled (&result);
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
test_mute_tls_server (HttpFixture *f, gconstpointer data)
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

static void
test_foreign_http_is_not_sent (HttpFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = fail_to_get (f, "http://192.0.2.1/");

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  HTTP_TEST ("/http/deadline-in-the-past", test_deadline_in_the_past);
  HTTP_TEST ("/http/refused", test_refused);
  HTTP_TEST ("/http/many-refused-over-tls", test_many_refused_over_tls);
  HTTP_TEST ("/http/cut", test_cut);
  HTTP_TEST ("/http/too-large", test_too_large);
  HTTP_TEST ("/http/cancel-at-once", test_cancel_at_once);
  HTTP_TEST ("/http/cancel-in-the-middle", test_cancel_in_the_middle);
  HTTP_TEST ("/http/cancel-after-the-end", test_cancel_after_the_end);
  HTTP_TEST ("/http/free-while-pending", test_free_while_pending);
  HTTP_TEST ("/http/foreign-http-is-not-sent", test_foreign_http_is_not_sent);
  HTTP_TEST ("/http/mute-tls-server", test_mute_tls_server);
  return g_test_run ();
}
