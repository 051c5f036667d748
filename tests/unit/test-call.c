/* A call's answer, read: large ones away from the loop, and what becomes of them when nobody wants them any more. And the
 * next page of a listing, which is asked for meanwhile. */
#include <string.h>

#include "people-fixture.h"
#include "people/call.h"
#include "people/people-request.h"

typedef PeopleFixture Fixture;

static GThread *reader; /* of the last answer */
static gint freed;      /* results that nobody took */
static GMutex reading;

static void
set_up (Fixture *f, gconstpointer data)
{
  people_fixture_set_up (f, PEOPLE_TOKEN);
  g_atomic_int_set (&freed, 0);
}

static gpointer
note_reader (GBytes *body, GError **error)
{
  reader = g_thread_self ();
  return g_strdup ("read");
}

static gpointer
read_when_told (GBytes *body, GError **error)
{
  g_mutex_lock (&reading);
  g_mutex_unlock (&reading);
  return note_reader (body, error);
}

static void
free_result (gpointer result)
{
  g_atomic_int_inc (&freed);
  g_free (result);
}

static void
ask (Fixture *f, gsize size, PeopleParseFunc parse, GAsyncResult **slot)
{
  g_autofree char *url = script_server_url (f->server, "");
  g_autofree char *body = g_strnfill (size, ' ');
  PeopleRequest *request = people_request_check (url);

  request->parse = parse;
  request->free_result = free_result;
  script_answer (f->server, 200, "application/json", body, (gssize)size);
  call_async (f->people, request, deadline_in (AMPLE), NULL, keep_result, slot);
}

static void
assert_read (GAsyncResult **slot)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *result = g_task_propagate_pointer (G_TASK (await_result (slot)), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (result, ==, "read");
}

static void
test_who_reads (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) small = NULL, large = NULL;

  ask (f, 1000, note_reader, &small);
  assert_read (&small);
  g_assert_true (reader == g_thread_self ());
  ask (f, 1000 * 1000, note_reader, &large);
  assert_read (&large);
  g_assert_true (reader != g_thread_self ());
  g_assert_cmpint (freed, ==, 0);
}

/* Another request is answered while a large answer is being read. */
static void
test_meanwhile (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) small = NULL, large = NULL;

  g_mutex_lock (&reading);
  ask (f, 1000 * 1000, read_when_told, &large);
  await_requests (f->server, 1);
  ask (f, 1000, note_reader, &small);
  assert_read (&small);
  g_assert_null (large);
  g_mutex_unlock (&reading);
  assert_read (&large);
}

/* The client goes while the worker reads: it is cancelled, and what was read is nobody's. */
static void
test_nobody_waits (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) small = NULL, large = NULL;
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&reading);
  ask (f, 1000 * 1000, read_when_told, &large);
  await_requests (f->server, 1);
  ask (f, 1000, note_reader, &small);
  assert_read (&small);
  g_clear_pointer (&f->people, people_client_free);
  g_mutex_unlock (&reading);
  g_assert_null (g_task_propagate_pointer (G_TASK (await_result (&large)), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* ---- the next page ---- */

/* Large enough for a worker; end: what follows the people. */
static void
script_page (Fixture *f, const char *end)
{
  g_autofree char *name = g_strnfill (200 * 1000, 'x');
  g_autofree char *page = g_strconcat (
      "{\"connections\":[{\"resourceName\":\"people/c1\",\"names\":[{\"displayName\":\"", name, "\"}]}", end, NULL);

  script_json (f->server, 200, page);
}

static void
list (Fixture *f, const char *page_token, GCancellable *cancellable, GAsyncResult **slot)
{
  people_list_async (f->people, "s", page_token, deadline_in (AMPLE), cancellable, keep_result, slot);
}

static void
assert_page (Fixture *f, GAsyncResult **slot, const char *next_token)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePage) page = people_list_finish (f->people, await_result (slot), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (page->people->len, ==, 1);
  g_assert_cmpstr (page->next_page_token, ==, next_token);
}

static void
assert_lists (Fixture *f, const char *page_token, GCancellable *cancellable, const char *next_token)
{
  g_autoptr (GAsyncResult) result = NULL;

  list (f, page_token, cancellable, &result);
  assert_page (f, &result, next_token);
}

static void
test_page_ahead (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) first = NULL;

  script_page (f, "],\"nextPageToken\": \"p/2=\",\"totalItems\":3}");
  script_page (f, "],\"nextPageToken\":\"p3\"}");
  script_page (f, "]}");
  list (f, NULL, NULL, &first);
  await_requests (f->server, 2); /* nobody has asked for it */
  assert_page (f, &first, "p/2=");
  assert_lists (f, "p/2=", NULL, "p3");
  assert_lists (f, "p3", NULL, NULL);
  g_assert_cmpuint (script_server_count (f->server), ==, 3);
  g_assert_true (g_str_has_suffix (script_server_seen (f->server, 1)->query, "&syncToken=s&pageToken=p%2F2%3D"));
  g_assert_true (g_str_has_suffix (script_server_seen (f->server, 2)->query, "&syncToken=s&pageToken=p3"));
}

/* The next page has come before anybody asks for it. */
static void
test_early_page_ahead (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) other = NULL;

  script_page (f, "],\"nextPageToken\":\"p2\"}");
  script_json (f->server, 200, "{\"connections\":[{\"resourceName\":\"people/c2\"}]}");
  assert_lists (f, NULL, NULL, "p2");
  await_requests (f->server, 2);
  ask (f, 1000, note_reader, &other); /* the server answers one after the other */
  assert_read (&other);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  assert_lists (f, "p2", NULL, NULL);
  g_assert_cmpuint (script_server_count (f->server), ==, 3);
}

/* A caller with another cancellable gets a request of its own. */
static void
test_page_ahead_of_another (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  script_page (f, "],\"nextPageToken\":\"p2\"}");
  script_page (f, "]}");
  script_page (f, "]}");
  assert_lists (f, NULL, cancellable, "p2");
  assert_lists (f, "p2", NULL, NULL);
  g_assert_cmpuint (script_server_count (f->server), ==, 3);
}

/* A token with JSON escapes is left to the caller. */
static void
test_escaped_page_ahead (Fixture *f, gconstpointer data)
{
  script_page (f, "],\"nextPageToken\":\"p\\/2\"}");
  script_page (f, "]}");
  assert_lists (f, NULL, NULL, "p/2");
  assert_lists (f, "p/2", NULL, NULL);
  g_assert_cmpuint (script_server_count (f->server), ==, 2);
  g_assert_true (g_str_has_suffix (script_server_seen (f->server, 1)->query, "&pageToken=p%2F2"));
}

/* In a name it is no token: its quotes are escaped. A token that is not the caller's is for nobody, and ends with that. */
static void
test_wrong_page_ahead (Fixture *f, gconstpointer data)
{
  script_page (f, ",{\"resourceName\":\"x\",\"names\":[{\"displayName\":\"\\\"nextPageToken\\\":\\\"no\\\"\"}]}]}");
  assert_lists (f, NULL, NULL, NULL);
  g_assert_cmpuint (script_server_count (f->server), ==, 1);
  script_page (f, "],\"nextPageToken\":\"p2\",\"x\":{\"nextPageToken\":\"p9\"}}");
  script_page (f, "]}");
  script_page (f, "],\"nextPageToken\":\"p3\"}");
  script_page (f, "]}");
  assert_lists (f, NULL, NULL, "p2");
  await_requests (f->server, 3);
  assert_lists (f, "p2", NULL, "p3");
  await_requests (f->server, 5); /* the next one is asked for again */
  assert_lists (f, "p3", NULL, NULL);
  g_assert_true (g_str_has_suffix (script_server_seen (f->server, 2)->query, "&pageToken=p9"));
  g_assert_true (g_str_has_suffix (script_server_seen (f->server, 3)->query, "&pageToken=p2"));
}

/* The caller is cancelled, or the client ends, while the page is on its way, asked for by the caller or not yet. */
static void
test_page_ahead_ends (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) second = NULL, again = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  script_page (f, "],\"nextPageToken\":\"p2\"}");
  script_hang (f->server);
  assert_lists (f, NULL, cancellable, "p2");
  list (f, "p2", cancellable, &second);
  await_requests (f->server, 2);
  g_cancellable_cancel (cancellable);
  g_assert_null (people_list_finish (f->people, await_result (&second), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  script_page (f, "],\"nextPageToken\":\"p2\"}");
  script_hang (f->server);
  list (f, NULL, NULL, &again);
  await_requests (f->server, 4);
  assert_page (f, &again, "p2");
}

#define ADD(name, func) g_test_add ("/call/" name, Fixture, NULL, set_up, func, people_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("who-reads", test_who_reads);
  ADD ("meanwhile", test_meanwhile);
  ADD ("nobody-waits", test_nobody_waits);
  ADD ("page-ahead", test_page_ahead);
  ADD ("early-page-ahead", test_early_page_ahead);
  ADD ("page-ahead-of-another", test_page_ahead_of_another);
  ADD ("escaped-page-ahead", test_escaped_page_ahead);
  ADD ("wrong-page-ahead", test_wrong_page_ahead);
  ADD ("page-ahead-ends", test_page_ahead_ends);
  return g_test_run ();
}
