/* Calls of the People API that nobody wants any more. */
#include "net/retry.h"
#include "people-fixture.h"

#define UNAVAILABLE "{\"error\":{\"code\":503,\"message\":\"Not now.\",\"status\":\"UNAVAILABLE\"}}"

static void
finish_cancelled (GAsyncResult **result)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (people_get_finish (NULL, await_result (result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel_at_once (PeopleFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  g_cancellable_cancel (cancellable);
  people_get_async (f->people, "people/c1", deadline_in (AMPLE), cancellable, keep_result, &result);
  g_assert_null (result);
  finish_cancelled (&result);
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
}

static void
test_cancel_during_transfer (PeopleFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  script_hang (f->server);
  people_get_async (f->people, "people/c1", deadline_in (AMPLE), cancellable, keep_result, &result);
  await_requests (f->server, 1);
  g_cancellable_cancel (cancellable);
  finish_cancelled (&result);
}

static void
test_cancel_during_backoff (PeopleFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  script_json (f->server, 503, UNAVAILABLE);
  script_header (f->server, "Retry-After", "300");
  people_get_async (f->people, "people/c1", deadline_in (AMPLE), cancellable, keep_result, &result);
  await_requests (f->server, 1);
  /* Its answer is on the way: an answer to another request, sent later, shows that it has come. */
  script_json (f->server, 200, PERSON);
  people_person_free (people_fixture_get (f, AMPLE, NULL));
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  finish_cancelled (&result);
}

static void
test_cancel_after_the_end (PeopleFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (PeoplePerson) person = NULL;

  script_json (f->server, 200, PERSON);
  people_get_async (f->people, "people/c1", deadline_in (AMPLE), cancellable, keep_result, &result);
  person = people_get_finish (f->people, await_result (&result), NULL);
  g_assert_nonnull (person);
  g_cancellable_cancel (cancellable);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

/* Everything goes while one call waits to try again and one for its answer. */
static void
test_free_everything (PeopleFixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) waiting = NULL;
  g_autoptr (GAsyncResult) hanging = NULL;

  script_json (f->server, 503, UNAVAILABLE);
  script_header (f->server, "Retry-After", "30");
  script_hang (f->server);
  people_get_async (f->people, "people/c1", deadline_in (AMPLE), NULL, keep_result, &waiting);
  await_requests (f->server, 1);
  people_get_async (f->people, "people/c1", deadline_in (AMPLE), NULL, keep_result, &hanging);
  await_requests (f->server, 2);
  g_clear_pointer (&f->people, people_client_free);
  g_clear_pointer (&f->token_cache, token_cache_free);
  g_clear_pointer (&f->http, http_client_free);
  g_assert_null (waiting);
  g_assert_null (hanging);
  finish_cancelled (&waiting);
  finish_cancelled (&hanging);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  retry_set_first (G_USEC_PER_SEC / 50); /* so that the suite is not held up */
  PEOPLE_TEST ("/people/cancel-at-once", test_cancel_at_once);
  PEOPLE_TEST ("/people/cancel-during-transfer", test_cancel_during_transfer);
  PEOPLE_TEST ("/people/cancel-during-backoff", test_cancel_during_backoff);
  PEOPLE_TEST ("/people/cancel-after-the-end", test_cancel_after_the_end);
  PEOPLE_TEST ("/people/free-everything", test_free_everything);
  return g_test_run ();
}
