/* The methods of the People API against a scripted service: what they send, and what they make of its answers. */
#include <glib/gstdio.h>
#include <string.h>

#include "net/retry.h"
#include "people-fixture.h"

#define FIELDS "names%2CemailAddresses%2CphoneNumbers%2Corganizations%2Cphotos%2Cmemberships%2Cmetadata"
#define FAILURE(code, status, message)                                                                                 \
  "{\"error\":{\"code\":" #code ",\"message\":\"" message "\",\"status\":\"" status "\"}}"
#define UNAVAILABLE     FAILURE (503, "UNAVAILABLE", "The service is currently unavailable.")
#define UNAUTHENTICATED FAILURE (401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")

typedef PeopleFixture Fixture;

/* A new token at each run. */
static const char count_command[]
    = "n=$(cat \"$COUNT_FILE\" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > \"$COUNT_FILE\"; echo ya29.$n";

static void
set_up (Fixture *f, gconstpointer data)
{
  g_assert_true (g_file_set_contents (g_getenv ("COUNT_FILE"), "0", -1, NULL));
  people_fixture_set_up (f, count_command);
}

static PeoplePage *
list (Fixture *f, const char *sync_token, const char *page_token, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  people_list_async (f->people, sync_token, page_token, deadline_in (AMPLE), NULL, keep_result, &result);
  return people_list_finish (f->people, await_result (&result), error);
}

static PeoplePerson *
update (Fixture *f, GBytes *photo, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  PeopleAttempt attempt;

  people_update_photo_async (f->people, "people/c1", photo, deadline_in (AMPLE), NULL, keep_result, &result);
  return people_update_photo_finish (f->people, await_result (&result), &attempt, error);
}

static PeoplePerson *
delete_photo (Fixture *f, double seconds, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  PeopleAttempt attempt;

  people_delete_photo_async (f->people, "people/c1", deadline_in (seconds), NULL, keep_result, &result);
  return people_delete_photo_finish (f->people, await_result (&result), &attempt, error);
}

static void
assert_alice (PeoplePerson *person, GError *error)
{
  g_assert_no_error (error);
  g_assert_cmpstr (person->display_name, ==, "Alice");
  people_person_free (person);
}

static void
assert_sent (Fixture *f, guint i, const char *method, const char *path, const char *query, const char *authorization)
{
  const Seen *seen = script_server_seen (f->server, i);

  g_assert_cmpstr (seen->method, ==, method);
  g_assert_cmpstr (seen->path, ==, path);
  g_assert_cmpstr (seen->query, ==, query);
  g_assert_cmpstr (seen->authorization, ==, authorization);
}

/* ---- what is sent ---- */

static void
test_list_sends (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PeoplePage *page;

  script_json (f->server, 200, "{\"connections\":[" PERSON "],\"nextPageToken\":\"p/1\"}");
  script_json (f->server, 200, "{\"nextSyncToken\":\"s\"}");
  page = list (f, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (page->people->len, ==, 1);
  g_assert_cmpstr (page->next_page_token, ==, "p/1");
  people_page_free (page);
  page = list (f, "a+b/c=", "p/1", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (page->next_sync_token, ==, "s");
  people_page_free (page);
  assert_sent (f, 0, "GET", "/v1/people/me/connections",
               "personFields=" FIELDS "&pageSize=1000&requestSyncToken=true&prettyPrint=false", "Bearer ya29.1");
  assert_sent (f, 1, "GET", "/v1/people/me/connections",
               "personFields=" FIELDS
               "&pageSize=1000&requestSyncToken=true&prettyPrint=false&syncToken=a%2Bb%2Fc%3D&pageToken=p%2F1",
               "Bearer ya29.1");
  g_assert_nonnull (strstr (script_server_seen (f->server, 0)->accept_encoding, "gzip"));
  g_assert_null (script_server_seen (f->server, 0)->quota_project);
  g_assert_cmpuint (g_bytes_get_size (script_server_seen (f->server, 0)->body), ==, 0);
}

static void
test_get_sends (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  script_json (f->server, 200, "{\"resourceName\":\"people/c 1?x\",\"names\":[{\"displayName\":\"Alice\"}]}");
  people_get_async (f->people, "people/c 1?x", deadline_in (AMPLE), NULL, keep_result, &result);
  assert_alice (people_get_finish (f->people, await_result (&result), &error), error);
  assert_sent (f, 0, "GET", "/v1/people/c%201%3Fx", "personFields=" FIELDS "&prettyPrint=false", "Bearer ya29.1");
}

/* As many bytes as the pointer says. */
static void
test_update_sends (Fixture *f, gconstpointer pointer)
{
  gsize size = GPOINTER_TO_SIZE (pointer);
  char *data = g_malloc (size);
  g_autoptr (GBytes) photo = NULL;
  g_autofree char *base64 = NULL;
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *sent;

  for (gsize i = 0; i < size; i++)
    data[i] = (char)(i * 7 + i / 251);
  photo = g_bytes_new_take (data, size);
  base64 = g_base64_encode ((guchar *)data, size);
  expected = g_strdup_printf ("{\"photoBytes\":\"%s\",\"personFields\":\"%s\"}", base64, PEOPLE_PERSON_FIELDS);
  script_json (f->server, 200, "{\"person\":" PERSON "}");
  assert_alice (update (f, photo, &error), error);
  assert_sent (f, 0, "PATCH", "/v1/people/c1:updateContactPhoto", "prettyPrint=false", "Bearer ya29.1");
  g_assert_true (g_str_has_prefix (script_server_seen (f->server, 0)->content_type, "application/json"));
  sent = g_bytes_get_data (script_server_seen (f->server, 0)->body, &length);
  g_assert_cmpmem (sent, length, expected, strlen (expected));
}

static void
test_delete_sends (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_json (f->server, 200, "{\"person\":" PERSON "}");
  assert_alice (delete_photo (f, AMPLE, &error), error);
  assert_sent (f, 0, "DELETE", "/v1/people/c1:deleteContactPhoto", "personFields=" FIELDS "&prettyPrint=false",
               "Bearer ya29.1");
  g_assert_cmpuint (g_bytes_get_size (script_server_seen (f->server, 0)->body), ==, 0);
}

/* Done, but the answer does not say how the person looks now. */
static void
test_mutation_without_person (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) photo = g_bytes_new_static ("x", 1);

  script_json (f->server, 200, "{}");
  script_json (f->server, 200, PERSON);
  assert_alice (update (f, photo, &error), error);
  assert_sent (f, 1, "GET", "/v1/people/c1", "personFields=" FIELDS "&prettyPrint=false", "Bearer ya29.1");
  g_assert_cmpuint (g_bytes_get_size (script_server_seen (f->server, 1)->body), ==, 0);
}

static void
test_no_contact (Fixture *f, gconstpointer data)
{
  const char *names[] = { "", "people/", "people/a/b", "otherContacts/c1", "people/..", "c1" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GAsyncResult) result = NULL;
    g_autoptr (GError) error = NULL;

    people_get_async (f->people, names[i], deadline_in (AMPLE), NULL, keep_result, &result);
    g_assert_null (result);
    g_assert_null (people_get_finish (f->people, await_result (&result), &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_CONTACT);
  }
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
}

static void
test_quota_project (Fixture *f, gconstpointer data)
{
  g_autofree char *uri = script_server_url (f->server, "/token");
  g_autofree char *url = script_server_url (f->server, "");
  g_autofree char *json = g_strdup_printf (
      "{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\",\"refresh_token\":\"r\","
      "\"quota_project_id\":\"bill-me\",\"token_uri\":\"%s\"}",
      uri);
  g_autoptr (GError) error = NULL;

  people_client_free (f->people);
  token_cache_free (f->token_cache);
  g_assert_true (g_file_set_contents (g_getenv ("COUNT_FILE"), json, -1, NULL));
  f->token_cache = token_cache_new_file (f->http, g_getenv ("COUNT_FILE"), CREDENTIALS_GIVEN, NULL, &error);
  g_assert_no_error (error);
  f->people = people_client_new (f->http, f->token_cache, url, &error);
  g_assert_no_error (error);
  script_json (f->server, 200, "{\"access_token\":\"granted\",\"expires_in\":3600}");
  script_json (f->server, 200, PERSON);
  assert_alice (people_fixture_get (f, AMPLE, &error), error);
  g_assert_null (script_server_seen (f->server, 0)->quota_project);
  assert_sent (f, 1, "GET", "/v1/people/c1", "personFields=" FIELDS "&prettyPrint=false", "Bearer granted");
  g_assert_cmpstr (script_server_seen (f->server, 1)->quota_project, ==, "bill-me");
}

static void
test_api_url (Fixture *f, gconstpointer data)
{
  const char *refused[] = { "http://people.googleapis.com", "people.googleapis.com", "", "ftp://127.0.0.1/" };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (people_client_new (f->http, f->token_cache, refused[i], &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  }
}

/* ---- what is made of the answers ---- */

static void
test_401_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_json (f->server, 401, UNAUTHENTICATED);
  script_json (f->server, 200, PERSON);
  assert_alice (people_fixture_get (f, AMPLE, &error), error);
  g_assert_cmpstr (script_server_seen (f->server, 0)->authorization, ==, "Bearer ya29.1");
  g_assert_cmpstr (script_server_seen (f->server, 1)->authorization, ==, "Bearer ya29.2");
}

static void
test_401_twice (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_json (f->server, 401, UNAUTHENTICATED);
  script_json (f->server, 401, UNAUTHENTICATED);
  g_assert_null (people_fixture_get (f, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
  g_assert_nonnull (strstr (error->message, "invalid authentication credentials"));
  g_assert_null (strstr (error->message, "ya29"));
}

static void
test_429_then_ok (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_json (f->server, 429, FAILURE (429, "RESOURCE_EXHAUSTED", "Quota exceeded."));
  script_json (f->server, 200, PERSON);
  assert_alice (people_fixture_get (f, AMPLE, &error), error);
}

static void
test_retry_after (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  script_json (f->server, 429, FAILURE (429, "RESOURCE_EXHAUSTED", "Quota exceeded."));
  script_header (f->server, "Retry-After", "1");
  script_json (f->server, 200, PERSON);
  assert_alice (people_fixture_get (f, AMPLE, &error), error);
  g_assert_cmpfloat (seconds_since (begun), >=, 1);
}

static void
test_429_past_deadline (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_json (f->server, 429, FAILURE (429, "RESOURCE_EXHAUSTED", "Quota exceeded."));
  script_header (f->server, "Retry-After", "3600");
  g_assert_null (people_fixture_get (f, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_RATE);
}

static gboolean
always_unavailable (ScriptServer *server, SoupServerMessage *message, const Seen *seen, gpointer data)
{
  soup_server_message_set_status (message, 503, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_STATIC, UNAVAILABLE, strlen (UNAVAILABLE));
  return TRUE;
}

static void
test_503_until_deadline (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_server_set_hook (f->server, always_unavailable, NULL);
  g_assert_null (people_fixture_get (f, 4, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER);
  g_assert_nonnull (strstr (error->message, "currently unavailable"));
  g_assert_cmpuint (script_server_count (f->server), >=, 2);
}

/* What an earlier attempt was told says more than the silence at the end. */
static void
test_silence (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_hang (f->server);
  g_assert_null (people_fixture_get (f, 0.5, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  g_clear_error (&error);
  script_json (f->server, 503, UNAVAILABLE);
  script_hang (f->server);
  g_assert_null (people_fixture_get (f, 4, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER);
}

static void
test_lost_connections (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_raw (f->server, "");
  script_raw (f->server,
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"person\":");
  script_json (f->server, 200, PERSON);
  assert_alice (people_fixture_get (f, 10, &error), error);
}

static void
test_unreachable_is_soon (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeopleClient) people = people_client_new (f->http, f->token_cache, "http://127.0.0.1:1", NULL);
  HttpStatistics statistics;

  people_get_async (people, "people/c1", deadline_in (AMPLE), NULL, keep_result, &result);
  g_assert_null (people_get_finish (people, await_result (&result), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE);
  http_client_get_statistics (f->http, &statistics);
  g_assert_cmpuint (statistics.requests, ==, 3);
}

static void
test_final_answers (Fixture *f, gconstpointer data)
{
  const struct {
    guint status;
    const char *json;
    int code;
  } cases[] = { { 400, FAILURE (400, "INVALID_ARGUMENT", "Invalid photo format."), PEOPLE_ERROR_INVALID },
                { 403, FAILURE (403, "PERMISSION_DENIED", "No."), PEOPLE_ERROR_PERMISSION },
                { 404, FAILURE (404, "NOT_FOUND", "Photo not found."), PEOPLE_ERROR_NOT_FOUND },
                { 413, "", PEOPLE_ERROR_TOO_LARGE },
                { 200, "<html>", PEOPLE_ERROR_BAD_ANSWER } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    script_json (f->server, cases[i].status, cases[i].json);
    g_assert_null (delete_photo (f, AMPLE, &error));
    g_assert_error (error, PEOPLE_ERROR, cases[i].code);
    g_assert_cmpuint (script_server_count (f->server), ==, i + 1);
  }
}

static void
test_sync_tokens (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_json (f->server, 400, FAILURE (400, "INVALID_ARGUMENT", "Request contains an invalid argument."));
  g_assert_null (list (f, "nonsense", NULL, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_SYNC_TOKEN);
  g_clear_error (&error);
  script_json (f->server, 400, FAILURE (400, "INVALID_ARGUMENT", "Request contains an invalid argument."));
  g_assert_null (list (f, NULL, NULL, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_INVALID);
  g_clear_error (&error);
  script_json (f->server, 429, FAILURE (429, "RESOURCE_EXHAUSTED", "FBS quota limit exceeded."));
  g_assert_null (list (f, NULL, NULL, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_QUOTA);
}

static void
test_redirect_is_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  script_answer (f->server, 302, "text/plain", "", -1);
  script_header (f->server, "Location", "/elsewhere");
  g_assert_null (people_fixture_get (f, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_assert_cmpuint (script_server_count (f->server), ==, 1);
}

static void
test_token_command_fails (Fixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = token_cache_new_command ("echo 'not logged in' >&2; exit 1");
  g_autofree char *url = script_server_url (f->server, "");
  g_autoptr (PeopleClient) people = people_client_new (f->http, token_cache, url, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  people_get_async (people, "people/c1", deadline_in (AMPLE), NULL, keep_result, &result);
  g_assert_null (people_get_finish (people, await_result (&result), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
  g_assert_nonnull (strstr (error->message, "not logged in"));
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
}

#define ADD_WITH(data, name, func) g_test_add ("/people/" name, Fixture, data, set_up, func, people_fixture_tear_down)
#define ADD(name, func)            ADD_WITH (NULL, name, func)

int
main (int argc, char **argv)
{
  g_autofree char *count_file = NULL;
  int fd, status;

  g_test_init (&argc, &argv, NULL);
  retry_set_first (G_USEC_PER_SEC / 50); /* so that the suite is not held up */
  fd = g_file_open_tmp ("contactfs-people-XXXXXX", &count_file, NULL);
  g_close (fd, NULL);
  g_setenv ("COUNT_FILE", count_file, TRUE);
  ADD ("list-sends", test_list_sends);
  ADD ("get-sends", test_get_sends);
  ADD_WITH (GSIZE_TO_POINTER (1000), "update-sends", test_update_sends);
  ADD_WITH (GSIZE_TO_POINTER (3 * 1024 * 1024 + 1), "large-update-sends", test_update_sends);
  ADD ("delete-sends", test_delete_sends);
  ADD ("mutation-without-person", test_mutation_without_person);
  ADD ("no-contact", test_no_contact);
  ADD ("quota-project", test_quota_project);
  ADD ("api-url", test_api_url);
  ADD ("401-once", test_401_once);
  ADD ("401-twice", test_401_twice);
  ADD ("429-then-ok", test_429_then_ok);
  ADD ("retry-after", test_retry_after);
  ADD ("429-past-deadline", test_429_past_deadline);
  ADD ("503-until-deadline", test_503_until_deadline);
  ADD ("silence", test_silence);
  ADD ("lost-connections", test_lost_connections);
  ADD ("unreachable-is-soon", test_unreachable_is_soon);
  ADD ("final-answers", test_final_answers);
  ADD ("sync-tokens", test_sync_tokens);
  ADD ("redirect-is-refused", test_redirect_is_refused);
  ADD ("token-command-fails", test_token_command_fails);
  status = g_test_run ();
  g_unlink (count_file);
  return status;
}
