/* Credentials files: what is read, sent and refused; files that change. */
#include <cjson/cJSON.h>
#include <glib/gstdio.h>
#include <string.h>

#include "account/token-cache.h"
#include "net/error.h"
#include "net/retry.h"
#include "people/people.h"
#include "script-server.h"
#include "token.h"

#define DEAD "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or revoked.\"}"

/* ---- files ---- */

static TokenCache *
user_token_cache (TokenFixture *f)
{
  token_write_json (f, token_user_json ("1//re+fresh"));
  return token_open_as (f, CREDENTIALS_GIVEN, NULL);
}

static void
test_bad_files (TokenFixture *f, gconstpointer data)
{
  const char *cases[][2] = {
    { NULL, "cannot be read" },
    { "not json", "not JSON" },
    { "{}", "authorized_user" },
    { "{\"type\":\"service_account\",\"private_key\":\"hush\"}", "client_email" },
    { "{\"type\":\"service_account\",\"client_email\":\"a@b\",\"private_key\":\"\"}", "private_key" },
    { "{\"type\":\"external_account\",\"credential_source\":\"hush\"}", "workload" },
    { "{\"type\":\"external_account_authorized_user\",\"refresh_token\":\"hush\"}", "workforce" },
    { "{\"type\":\"impersonated_service_account\"}", "--subject" },
    { "{\"installed\":{\"client_secret\":\"hush\"}}", "login --client" },
    { "{\"web\":{\"client_secret\":\"hush\"}}", "Desktop app" },
    { "{\"type\":\"authorized_user\",\"client_id\":\"a\",\"client_secret\":\"hush\"}", "refresh_token" },
    { "{\"type\":\"authorized_user\",\"client_id\":\"a\",\"client_secret\":\"hush\",\"refresh_token\":\"hush\",\"token_"
      "uri\":\"http://example.com/\"}",
      "token_uri" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    if (cases[i][0] != NULL)
      g_assert_true (g_file_set_contents (f->file, cases[i][0], -1, NULL));
    token_assert_no_file (f, NULL, cases[i][1]);
  }
}

/* ---- refused ---- */

static void
test_refused (TokenFixture *f, gconstpointer data)
{
  const struct {
    guint status;
    const char *body;
    int code;
    const char *says;
  } cases[] = {
    { 400, DEAD, PEOPLE_ERROR_AUTH, "Publish app" },
    { 400, DEAD, PEOPLE_ERROR_AUTH, "log in again" },
    { 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Account has been deleted\"}", PEOPLE_ERROR_AUTH,
      "Account has been deleted" },
    { 400,
      "{\"error\":\"invalid_grant\",\"error_subtype\":\"invalid_rapt\",\"error_description\":\"reauth related error\"}",
      PEOPLE_ERROR_AUTH, "your organisation" },
    { 401, "{\"error\":\"invalid_client\",\"error_description\":\"The OAuth client was not found.\"}",
      PEOPLE_ERROR_AUTH, "client was not found" },
    { 400, "{\"error\":\"invalid_grant\",\"error_description\":\"1//re+fresh is unknown\"}", PEOPLE_ERROR_AUTH,
      "left out" },
    { 404, "<html>no</html>", PEOPLE_ERROR_BAD_ANSWER, "HTML" },
    { 200, "{}", PEOPLE_ERROR_BAD_ANSWER, "token_uri" },
    { 200, "{\"access_token\":\"two words\"}", PEOPLE_ERROR_BAD_ANSWER, "token_uri" },
    { 200, "{\"access_token\":\"tok\",\"token_type\":\"mac\"}", PEOPLE_ERROR_BAD_ANSWER, "Bearer" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (TokenCache) token_cache = user_token_cache (f);

    script_answer (f->server, cases[i].status, "application/json", cases[i].body, -1);
    token_assert_fails (token_cache, cases[i].code, cases[i].says);
  }
  g_assert_cmpuint (script_server_left (f->server), ==, 0);
}

static void
test_refusal_is_remembered (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = user_token_cache (f);

  script_json (f->server, 400, DEAD);
  for (int i = 0; i < 3; i++)
    token_assert_fails (token_cache, PEOPLE_ERROR_AUTH, "expired or revoked");
  g_assert_cmpuint (script_server_count (f->server), ==, 1);

  token_write_json (f, token_user_json ("another"));
  script_json (f->server, 200, GOOD);
  token_assert (token_cache, "tok");
  g_assert_cmpuint (script_server_count (f->server), ==, 2);
}

static void
test_trouble_is_not_remembered (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = user_token_cache (f);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 20; i++)
    script_json (f->server, 500, "{\"error\":\"internal_failure\"}");
  g_assert_null (token_get (token_cache, 0.3, &error));
  g_assert_true (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER)
                 || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT));
  g_assert_null (strstr (error->message, "log in"));
  while (script_server_left (f->server) > 0) { /* until it is well again */
    g_autoptr (GError) again = NULL;

    g_assert_null (token_get (token_cache, 3, &again));
    g_assert_error (again, PEOPLE_ERROR, PEOPLE_ERROR_SERVER);
  }
  script_json (f->server, 200, GOOD);
  token_assert (token_cache, "tok");
}

/* Only the token service's own word ends a login. A front end's status is no such word, and is asked about again at once. */
static void
test_odd_status_is_not_remembered (TokenFixture *f, gconstpointer data)
{
  const guint statuses[] = { 302, 307, 403, 404, 405, 410, 451 };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++) {
    g_autoptr (TokenCache) token_cache = user_token_cache (f);
    g_autoptr (GError) error = NULL;

    script_answer (f->server, statuses[i], "text/html", "<html>Sorry</html>", -1);
    g_assert_null (token_get (token_cache, AMPLE, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
    g_assert_null (strstr (error->message, "log in"));
    script_json (f->server, 200, GOOD);
    token_assert (token_cache, "tok");
  }
}

static void
test_gcloud_command (TokenFixture *f, gconstpointer data)
{
  const char *clients[] = { "764086051850-x.apps.googleusercontent.com", "mine" };

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    cJSON *json = token_user_json ("r");
    g_autoptr (TokenCache) token_cache = NULL;
    g_autoptr (GError) error = NULL;

    cJSON_ReplaceItemInObject (json, "client_id", cJSON_CreateString (clients[i]));
    token_write_json (f, json);
    token_cache = token_open_as (f, CREDENTIALS_GCLOUD, NULL);
    script_json (f->server, 400, DEAD);
    g_assert_null (token_get (token_cache, AMPLE, &error));
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, "gcloud auth application-default login --scopes="));
    g_assert_nonnull (strstr (error->message, CONTACTS_SCOPE));
    g_assert_nonnull (strstr (error->message, "--client-id-file"));
    g_assert_nonnull (strstr (token_cache_describe (token_cache), "gcloud"));
  }
}

/* ---- files that change ---- */

static void
test_file_is_read_again (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = user_token_cache (f);
  cJSON *json = token_user_json ("second");
  gsize size;
  const char *form;

  g_assert_null (token_cache_quota_project (token_cache));
  g_assert_true (g_file_set_contents (f->file, "{ half", -1, NULL));
  token_assert_fails (token_cache, PEOPLE_ERROR_AUTH, "not JSON");
  cJSON_AddStringToObject (json, "quota_project_id", "bill-me");
  token_write_json (f, json);
  script_json (f->server, 200, GOOD);
  token_assert (token_cache, "tok");
  g_assert_cmpstr (token_cache_quota_project (token_cache), ==, "bill-me");
  form = g_bytes_get_data (script_server_seen (f->server, 0)->body, &size);
  g_assert_nonnull (g_strstr_len (form, (gssize)size, "refresh_token=second"));
}

static void
test_file_that_is_gone (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = user_token_cache (f);

  g_remove (f->file);
  script_json (f->server, 200, GOOD);
  token_assert (token_cache, "tok");
}

/* ---- many at once ---- */

typedef struct {
  guint tokens; /* given out */
  guint good;   /* the first token that the API takes */
} Service;

static gboolean
serve (ScriptServer *server, SoupServerMessage *message, const Seen *seen, gpointer data)
{
  Service *self = data;
  g_autofree char *good = g_strdup_printf ("Bearer t%u", self->good);
  g_autofree char *body = NULL;
  guint status = 200;

  if (g_str_equal (seen->path, "/token")) {
    body = g_strdup_printf ("{\"access_token\":\"t%u\",\"expires_in\":3600}", ++self->tokens);
  } else if (g_strcmp0 (seen->authorization, good) == 0) {
    body = g_strdup ("{\"resourceName\":\"people/c1\",\"etag\":\"e\"}");
  } else {
    status = 401;
    body = g_strdup ("{\"error\":{\"code\":401,\"status\":\"UNAUTHENTICATED\",\"message\":\"no\"}}");
  }
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, body, strlen (body));
  return TRUE;
}

/* 64 calls at once; how many succeed. */
static guint
call_64 (PeopleClient *people)
{
  GAsyncResult *results[64] = { NULL };
  guint succeeded = 0;

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    people_get_async (people, "people/c1", deadline_in (AMPLE), NULL, keep_result, &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++) {
    g_autoptr (GError) error = NULL;
    PeoplePerson *person = people_get_finish (people, await_result (&results[i]), &error);

    if (person == NULL)
      g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
    succeeded += person != NULL;
    g_clear_pointer (&person, people_person_free);
    g_object_unref (results[i]);
  }
  return succeeded;
}

static void
test_64_calls_share_a_fresh_token (TokenFixture *f, gconstpointer data)
{
  g_autofree char *url = script_server_url (f->server, "");
  g_autoptr (TokenCache) token_cache = user_token_cache (f);
  PeopleClient *people = people_client_new (f->http, token_cache, url, NULL);
  Service service = { .good = 1 };

  script_server_set_hook (f->server, serve, &service);
  g_assert_cmpuint (call_64 (people), ==, 64);
  g_assert_cmpuint (service.tokens, ==, 1);
  service.good = 2; /* the first is revoked */
  g_assert_cmpuint (call_64 (people), ==, 64);
  g_assert_cmpuint (service.tokens, ==, 2);
  service.good = 9; /* and so are the next ones: one fresh token, then the end */
  g_assert_cmpuint (call_64 (people), ==, 0);
  g_assert_cmpuint (service.tokens, ==, 3);
  people_client_free (people);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  retry_set_first (G_USEC_PER_SEC / 50); /* so that the suite is not held up */
  TOKEN_TEST ("/credentials-file/bad-files", test_bad_files);
  TOKEN_TEST ("/credentials-file/refused", test_refused);
  TOKEN_TEST ("/credentials-file/refusal-is-remembered", test_refusal_is_remembered);
  TOKEN_TEST ("/credentials-file/trouble-is-not-remembered", test_trouble_is_not_remembered);
  TOKEN_TEST ("/credentials-file/odd-status-is-not-remembered", test_odd_status_is_not_remembered);
  TOKEN_TEST ("/credentials-file/gcloud-command", test_gcloud_command);
  TOKEN_TEST ("/credentials-file/file-is-read-again", test_file_is_read_again);
  TOKEN_TEST ("/credentials-file/file-that-is-gone", test_file_that_is_gone);
  TOKEN_TEST ("/credentials-file/64-calls-share-a-fresh-token", test_64_calls_share_a_fresh_token);
  return g_test_run ();
}
