/* Fetching pictures from a scripted host: which spellings of the address, how often, and what is never sent. */
#include <string.h>

#include "net/retry.h"
#include "people/photo.h"
#include "script-server.h"

typedef struct {
  ScriptServer *server;
  HttpClient *http;
  char *url; /* …/photos/AbC=s100 */
  GByteArray *body;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->server = script_server_new (NULL);
  f->http = http_client_new ();
  f->url = script_server_url (f->server, "/photos/AbC=s100");
  f->body = g_byte_array_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (script_server_left (f->server), ==, 0);
  http_client_free (f->http);
  script_server_free (f->server);
  g_free (f->url);
  g_byte_array_unref (f->body);
}

static gboolean
begin (gpointer data, gint64 length, GError **error)
{
  g_byte_array_set_size (data, 0);
  return TRUE;
}

static gboolean
keep (gpointer data, gconstpointer bytes, gsize size, GError **error)
{
  g_byte_array_append (data, bytes, (guint)size);
  return TRUE;
}

static gboolean
check (gpointer data, const char *content_type, GError **error)
{
  const GByteArray *body = data;

  if (body->len > 0 && body->data[0] == 'P')
    return TRUE;
  g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "it is cut off");
  return FALSE;
}

static const PhotoSink sink = { { begin, keep }, check };

static GBytes *
fetch_url (Fixture *f, const char *url, double seconds, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GByteArray) body = g_byte_array_new ();

  photo_fetch_async (f->http, url, TRUE, FALSE, &sink, body, deadline_in (seconds), NULL, keep_result, &result);
  g_assert_null (result);
  if (!photo_fetch_finish (f->http, await_result (&result), error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&body));
}

/* An attempt alone, as a scan makes it of what nobody waits for. */
static gboolean
fetch_once (Fixture *f, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  photo_fetch_async (f->http, f->url, TRUE, TRUE, &sink, f->body, deadline_in (AMPLE), NULL, keep_result, &result);
  return photo_fetch_finish (f->http, await_result (&result), error);
}

static GBytes *
fetch (Fixture *f, double seconds, GError **error)
{
  return fetch_url (f, f->url, seconds, error);
}

static void
assert_picture (GBytes *bytes, GError *error)
{
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 7);
  g_bytes_unref (bytes);
}

static void
picture (Fixture *f)
{
  script_answer (f->server, 200, "image/jpeg", "Picture", -1);
}

static void
throttle (Fixture *f)
{
  script_answer (f->server, 429, "text/html", "<html>slow down</html>", -1);
}

/* "s0 s2048 s100": the suffixes that were asked for, in order. */
static void
assert_asked (Fixture *f, const char *expected)
{
  g_autoptr (GString) asked = g_string_new (NULL);

  for (guint i = 0; i < script_server_count (f->server); i++) {
    const Seen *seen = script_server_seen (f->server, i);

    g_assert_null (seen->authorization);
    g_string_append_printf (asked, "%s%s", i > 0 ? " " : "", strrchr (seen->path, '=') + 1);
  }
  g_assert_cmpstr (asked->str, ==, expected);
}

static void
test_original (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  picture (f);
  assert_picture (fetch (f, AMPLE, &error), error);
  assert_asked (f, "s0");
  g_assert_cmpstr (script_server_seen (f->server, 0)->path, ==, "/photos/AbC=s0");
}

static void
test_falls_back (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_answer (f->server, 400, "text/html", "<html>", -1);
  script_answer (f->server, 404, "text/html", "<html>", -1);
  picture (f);
  assert_picture (fetch (f, AMPLE, &error), error);
  assert_asked (f, "s0 s2048 s100");
}

/* Each spelling of the address gets one of these answers. */
static void
assert_refused (Fixture *f, guint original, guint large, guint small, int code, const char *words)
{
  const guint statuses[] = { original, large, small };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    script_answer (f->server, statuses[i], "text/html", "<html>", -1);
  g_assert_null (fetch (f, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, code);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_gone (Fixture *f, gconstpointer data)
{
  assert_refused (f, 404, 410, 404, PEOPLE_ERROR_NOT_FOUND, "no longer at its address");
  assert_asked (f, "s0 s2048 s100");
}

static void
test_forbidden (Fixture *f, gconstpointer data)
{
  assert_refused (f, 404, 403, 403, PEOPLE_ERROR_PERMISSION, "does not give it out");
}

/* What the last refusal says, when no spelling of the address is left. */
static void
test_refusals (Fixture *f, gconstpointer data)
{
  static const struct {
    guint status;
    int code;
    const char *words;
  } cases[] = { { 401, PEOPLE_ERROR_PERMISSION, "does not give it out (401)" },
                { 403, PEOPLE_ERROR_PERMISSION, "does not give it out (403)" },
                { 407, PEOPLE_ERROR_UNREACHABLE, "the proxy wants a login" },
                { 511, PEOPLE_ERROR_UNREACHABLE, "log in there" },
                { 400, PEOPLE_ERROR_SERVER, "refused to send it (400)" },
                { 451, PEOPLE_ERROR_PERMISSION, "does not give it out (451)" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (f, cases[i].status, cases[i].status, cases[i].status, cases[i].code, cases[i].words);
}

static void
test_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  throttle (f);
  g_assert_false (fetch_once (f, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_RATE);
  g_clear_error (&error);
  script_answer (f->server, 200, "image/jpeg", "not whole", -1);
  g_assert_false (fetch_once (f, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  picture (f);
  g_assert_true (fetch_once (f, NULL));
  assert_asked (f, "s0 s0 s0");
}

/* What may pass never leads to the 100 pixels of the address as it came. */
static void
test_alternates (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  throttle (f);
  script_answer (f->server, 503, "text/html", "<html>", -1);
  script_answer (f->server, 200, "image/jpeg", "not whole", -1);
  throttle (f);
  picture (f);
  assert_picture (fetch (f, 30, &error), error);
  assert_asked (f, "s0 s0 s0 s2048 s0");
}

/* The host says "not this one" to =s0 and "not now" to =s2048. */
static void
test_stays_large (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_answer (f->server, 404, "text/html", "", -1);
  throttle (f);
  picture (f);
  assert_picture (fetch (f, AMPLE, &error), error);
  assert_asked (f, "s0 s2048 s2048");
}

static void
test_throttling_page_is_no_picture (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  /* Would pass the check, were it not for its type. */
  script_answer (f->server, 200, "text/html; charset=utf-8", "Please wait", -1);
  script_answer (f->server, 200, "application/octet-stream", "Picture", -1);
  assert_picture (fetch (f, AMPLE, &error), error);
  assert_asked (f, "s0 s0");
}

static void
test_cut_body (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_raw (f->server, "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 7\r\n\r\nPict");
  picture (f);
  assert_picture (fetch (f, AMPLE, &error), error);
  assert_asked (f, "s0 s0");
}

static void
test_never_whole (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_answer (f->server, 200, "image/jpeg", "not whole", -1);
  script_header (f->server, "Retry-After", "3600");
  g_assert_null (fetch (f, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_assert_nonnull (strstr (error->message, "it is cut off"));
}

static void
test_throttled_past_deadline (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  throttle (f);
  script_header (f->server, "Retry-After", "60");
  g_assert_null (fetch (f, 1, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_RATE);
}

static void
test_silent_host (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_hang (f->server);
  g_assert_null (fetch (f, 0.4, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
}

static void
redirect (Fixture *f, const char *location)
{
  script_answer (f->server, 302, "text/html", "", -1);
  script_header (f->server, "Location", location);
}

static void
test_redirect (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 5; i++)
    redirect (f, "/other/Name=s0");
  picture (f);
  assert_picture (fetch (f, AMPLE, &error), error);
  g_assert_cmpstr (script_server_seen (f->server, 5)->path, ==, "/other/Name=s0");
  assert_asked (f, "s0 s0 s0 s0 s0 s0");
}

/* Each kind is followed; one that does not say where is no picture, and neither is a 304. */
static void
test_kinds_of_redirect (Fixture *f, gconstpointer data)
{
  static const guint kinds[] = { 301, 302, 303, 307, 308 };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GError) error = NULL;

    script_answer (f->server, kinds[i], "text/html", "", -1);
    script_header (f->server, "Location", "/other/Name=s0");
    picture (f);
    assert_picture (fetch (f, AMPLE, &error), error);
    script_answer (f->server, kinds[i], "text/html", "", -1);
    g_assert_null (fetch (f, AMPLE, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
    g_assert_nonnull (strstr (error->message, "without saying where the picture is"));
  }
}

static void
test_redirect_without_end (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 6; i++)
    redirect (f, "/other/Name=s0");
  g_assert_null (fetch (f, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_assert_cmpuint (script_server_count (f->server), ==, 6);
}

static void
test_redirect_to_foreign_http (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  redirect (f, "http://192.0.2.1/photos/AbC=s0");
  g_assert_null (fetch (f, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_assert_nonnull (strstr (error->message, "https"));
}

static void
test_foreign_http (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (fetch_url (f, "http://192.0.2.1/photos/AbC=s100", 10, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
}

/* The address already asks for the original: it is not asked for a second time at the end. */
static void
test_no_address_twice (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *url = script_server_url (f->server, "/photos/AbC=s0");

  script_answer (f->server, 404, "text/html", "", -1);
  script_answer (f->server, 404, "text/html", "", -1);
  g_assert_null (fetch_url (f, url, 10, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND);
  assert_asked (f, "s0 s2048");
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  script_hang (f->server);
  photo_fetch_async (f->http, f->url, TRUE, FALSE, &sink, f->body, deadline_in (AMPLE), cancellable, keep_result,
                     &result);
  await_requests (f->server, 1);
  g_cancellable_cancel (cancellable);
  g_assert_false (photo_fetch_finish (f->http, await_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A fetch that waits to try again finds the client gone. */
static void
test_client_goes (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  throttle (f);
  script_header (f->server, "Retry-After", "1");
  picture (f);
  photo_fetch_async (f->http, f->url, TRUE, FALSE, &sink, f->body, deadline_in (AMPLE), NULL, keep_result, &result);
  await_requests (f->server, 1);
  assert_picture (fetch (f, AMPLE, &error), error); /* by then the first one has its answer */
  g_assert_null (result);
  g_clear_pointer (&f->http, http_client_free);
  g_assert_false (photo_fetch_finish (NULL, await_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

#define ADD(name, func) g_test_add ("/photo/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  retry_set_first (G_USEC_PER_SEC / 50); /* so that the suite is not held up */
  ADD ("original", test_original);
  ADD ("falls-back", test_falls_back);
  ADD ("gone", test_gone);
  ADD ("forbidden", test_forbidden);
  ADD ("refusals", test_refusals);
  ADD ("once", test_once);
  ADD ("alternates", test_alternates);
  ADD ("stays-large", test_stays_large);
  ADD ("throttling-page-is-no-picture", test_throttling_page_is_no_picture);
  ADD ("cut-body", test_cut_body);
  ADD ("never-whole", test_never_whole);
  ADD ("throttled-past-deadline", test_throttled_past_deadline);
  ADD ("silent-host", test_silent_host);
  ADD ("redirect", test_redirect);
  ADD ("kinds-of-redirect", test_kinds_of_redirect);
  ADD ("redirect-without-end", test_redirect_without_end);
  ADD ("redirect-to-foreign-http", test_redirect_to_foreign_http);
  ADD ("foreign-http", test_foreign_http);
  ADD ("no-address-twice", test_no_address_twice);
  ADD ("cancel", test_cancel);
  ADD ("client-goes", test_client_goes);
  return g_test_run ();
}
