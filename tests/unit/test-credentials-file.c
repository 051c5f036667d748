/* Credentials files: what is read, sent and refused; files that change; service accounts, checked with openssl. */
#include <cjson/cJSON.h>
#include <glib/gstdio.h>
#include <string.h>

#include "account/token-cache.h"
#include "net/error.h"
#include "net/retry.h"
#include "people/people.h"
#include "script-server.h"
#include "token.h"

#define GOOD  "{\"access_token\":\"tok\",\"expires_in\":3600,\"token_type\":\"Bearer\"}"
#define DEAD  "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or revoked.\"}"
#define ROBOT "robot@project.iam.gserviceaccount.com"

static char *keys; /* a folder with key pairs, made once */

/* ---- files ---- */

static void
write_json (TokenFixture *f, cJSON *json)
{
  g_autofree char *uri = script_server_url (f->server, "/token");
  char *text;

  if (!cJSON_HasObjectItem (json, "token_uri"))
    cJSON_AddStringToObject (json, "token_uri", uri);
  text = cJSON_Print (json);
  g_assert_true (g_file_set_contents (f->file, text, -1, NULL));
  cJSON_free (text);
  cJSON_Delete (json);
}

static cJSON *
user (const char *refresh_token)
{
  cJSON *json = cJSON_CreateObject ();

  cJSON_AddStringToObject (json, "type", "authorized_user");
  cJSON_AddStringToObject (json, "client_id", "id &1");
  cJSON_AddStringToObject (json, "client_secret", "s=cret");
  cJSON_AddStringToObject (json, "refresh_token", refresh_token);
  return json;
}

static char *
read_key (const char *name)
{
  g_autofree char *path = g_build_filename (keys, name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static cJSON *
robot (const char *key)
{
  cJSON *json = cJSON_CreateObject ();
  g_autofree char *pem = read_key (key);

  cJSON_AddStringToObject (json, "type", "service_account");
  cJSON_AddStringToObject (json, "client_email", ROBOT);
  cJSON_AddStringToObject (json, "client_id", "1042");
  cJSON_AddStringToObject (json, "private_key_id", "key-1");
  cJSON_AddStringToObject (json, "private_key", pem);
  return json;
}

static TokenCache *
open_as (TokenFixture *f, CredentialsOrigin origin, const char *subject)
{
  g_autoptr (GError) error = NULL;
  TokenCache *token_cache = token_cache_new_file (f->http, f->file, origin, subject, &error);

  g_assert_no_error (error);
  return token_cache;
}

static TokenCache *
user_token_cache (TokenFixture *f)
{
  write_json (f, user ("1//re+fresh"));
  return open_as (f, CREDENTIALS_GIVEN, NULL);
}

static void
assert_no_file (TokenFixture *f, const char *subject, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (token_cache_new_file (f->http, f->file, CREDENTIALS_GIVEN, subject, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
  g_assert_nonnull (strstr (error->message, f->file));
  g_assert_null (strstr (error->message, "hush"));
  g_assert_null (strstr (error->message, "BEGIN"));
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
    assert_no_file (f, NULL, cases[i][1]);
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

  write_json (f, user ("another"));
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

static void
test_gcloud_command (TokenFixture *f, gconstpointer data)
{
  const char *clients[] = { "764086051850-x.apps.googleusercontent.com", "mine" };

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    cJSON *json = user ("r");
    g_autoptr (TokenCache) token_cache = NULL;
    g_autoptr (GError) error = NULL;

    cJSON_ReplaceItemInObject (json, "client_id", cJSON_CreateString (clients[i]));
    write_json (f, json);
    token_cache = open_as (f, CREDENTIALS_GCLOUD, NULL);
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
  cJSON *json = user ("second");
  gsize size;
  const char *form;

  g_assert_null (token_cache_quota_project (token_cache));
  g_assert_true (g_file_set_contents (f->file, "{ half", -1, NULL));
  token_assert_fails (token_cache, PEOPLE_ERROR_AUTH, "not JSON");
  cJSON_AddStringToObject (json, "quota_project_id", "bill-me");
  write_json (f, json);
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

/* ---- service accounts ---- */

static void run (const char *format, ...) G_GNUC_PRINTF (1, 2);

static void
run (const char *format, ...)
{
  va_list arguments;
  g_autofree char *command = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  va_start (arguments, format);
  command = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_spawn_command_line_sync (command, NULL, &errors, &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s: %s", command, errors);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static void
make_keys (void)
{
  keys = g_dir_make_tmp ("contactfs-keys-XXXXXX", NULL);
  run ("openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out %s/good", keys);
  run ("openssl pkey -in %s/good -pubout -out %s/public", keys, keys);
  run ("openssl pkcs8 -topk8 -in %s/good -passout pass:x -out %s/encrypted", keys, keys);
  run ("openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s/elliptic", keys);
  run ("sh -c 'head -n 5 %s/good > %s/cut'", keys, keys);
}

static guchar *
decode (const char *text, gsize *size)
{
  g_autofree char *padded = g_strconcat (text, "===", NULL);

  g_strdelimit (g_strdelimit (padded, "-", '+'), "_", '/');
  padded[(strlen (text) + 3) / 4 * 4] = '\0';
  return g_base64_decode (padded, size);
}

static cJSON *
decode_json (const char *text)
{
  gsize size;
  g_autofree guchar *bytes = decode (text, &size);
  cJSON *json = cJSON_ParseWithLength ((const char *)bytes, size);

  g_assert_nonnull (json);
  return json;
}

static void
save (const char *name, const void *bytes, gsize size)
{
  g_autofree char *path = g_build_filename (keys, name, NULL);

  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, NULL));
}

/* The claims of the last grant, whose signature is right. */
static cJSON *
read_claims (TokenFixture *f)
{
  const Seen *seen = script_server_seen (f->server, script_server_count (f->server) - 1);
  const char *start = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  gsize size;
  const char *form = g_bytes_get_data (seen->body, &size);
  g_autofree char *text = g_strndup (form, size);
  g_auto (GStrv) parts = NULL;
  g_autofree char *signed_text = NULL;
  g_autofree guchar *signature = NULL;
  cJSON *header;

  g_assert_true (g_str_has_prefix (text, start));
  parts = g_strsplit (text + strlen (start), ".", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 3);
  signed_text = g_strconcat (parts[0], ".", parts[1], NULL);
  save ("signed", signed_text, strlen (signed_text));
  signature = decode (parts[2], &size);
  save ("signature", signature, size);
  run ("openssl dgst -sha256 -out /dev/null -verify %s/public -signature %s/signature %s/signed", keys, keys, keys);
  header = decode_json (parts[0]);
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (header, "alg")), ==, "RS256");
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (header, "kid")), ==, "key-1");
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (header, "typ")), ==, "JWT");
  cJSON_Delete (header);
  return decode_json (parts[1]);
}

static void
test_service_account (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = NULL;
  g_autofree char *uri = script_server_url (f->server, "/token");
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  cJSON *claims;
  double issued;

  write_json (f, robot ("good"));
  token_cache = open_as (f, CREDENTIALS_ENVIRONMENT, "alice@example.com");
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
  script_json (f->server, 200, GOOD);
  token_assert (token_cache, "tok");
  claims = read_claims (f);
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (claims, "iss")), ==, ROBOT);
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (claims, "sub")), ==, "alice@example.com");
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (claims, "aud")), ==, uri);
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (claims, "scope")), ==, CONTACTS_SCOPE);
  issued = cJSON_GetNumberValue (cJSON_GetObjectItem (claims, "iat"));
  g_assert_cmpfloat (issued, <, (double)now);
  g_assert_cmpfloat (issued, >, (double)now - 60);
  g_assert_cmpfloat (cJSON_GetNumberValue (cJSON_GetObjectItem (claims, "exp")), ==, issued + 3600);
  cJSON_Delete (claims);
  g_test_message ("%s", token_cache_describe (token_cache));
  g_assert_nonnull (strstr (token_cache_describe (token_cache), "service account " ROBOT " for alice@example.com"));
  g_assert_nonnull (strstr (token_cache_describe (token_cache), "GOOGLE_APPLICATION_CREDENTIALS"));
}

static void
test_service_account_for_itself (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = NULL;
  cJSON *claims;

  write_json (f, robot ("good"));
  token_cache = open_as (f, CREDENTIALS_GIVEN, ROBOT);
  script_json (f->server, 200, GOOD);
  token_assert (token_cache, "tok");
  claims = read_claims (f);
  g_assert_false (cJSON_HasObjectItem (claims, "sub"));
  cJSON_Delete (claims);
}

static void
test_subjects (TokenFixture *f, gconstpointer data)
{
  write_json (f, robot ("good"));
  assert_no_file (f, NULL, "--subject EMAIL");
  write_json (f, user ("r"));
  assert_no_file (f, "alice@example.com", "--subject goes with a service_account");
}

static void
test_bad_keys (TokenFixture *f, gconstpointer data)
{
  const char *const names[] = { "public", "encrypted", "elliptic", "cut" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    write_json (f, robot (names[i]));
    assert_no_file (f, "alice@example.com", "private_key");
  }
}

static void
test_service_account_refused (TokenFixture *f, gconstpointer data)
{
  const struct {
    guint status;
    const char *error, *description;
    const char *says[3];
  } cases[] = {
    { 401,
      "unauthorized_client",
      "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the "
      "scopes requested.",
      { "admin.google.com", "1042", CONTACTS_SCOPE } },
    { 400,
      "invalid_grant",
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and "
      "exp values in the JWT claim.",
      { "clock", "timedatectl", ROBOT } },
    { 400, "invalid_grant", "Invalid JWT Signature.", { "key-1", "new key", "Service accounts" } },
    { 400, "invalid_grant", "Invalid email or User ID", { "alice@example.com", "--subject", ROBOT } },
    { 400, "invalid_grant", "Invalid grant: account not found", { "account not found", ROBOT, "Service accounts" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (TokenCache) token_cache = NULL;
    g_autofree char *body
        = g_strdup_printf ("{\"error\":\"%s\",\"error_description\":\"%s\"}", cases[i].error, cases[i].description);

    write_json (f, robot ("good"));
    token_cache = open_as (f, CREDENTIALS_GIVEN, "alice@example.com");
    script_json (f->server, cases[i].status, body);
    for (guint k = 0; k < G_N_ELEMENTS (cases[i].says); k++)
      token_assert_fails (token_cache, PEOPLE_ERROR_AUTH, cases[i].says[k]);
    g_assert_cmpuint (script_server_count (f->server), ==, i + 1); /* not asked again within the minute */
  }
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
  int status;

  g_test_init (&argc, &argv, NULL);
  retry_set_first (G_USEC_PER_SEC / 50); /* so that the suite is not held up */
  make_keys ();
#define ADD(name, func) g_test_add ("/credentials-file/" name, TokenFixture, NULL, token_set_up, func, token_tear_down)
  ADD ("bad-files", test_bad_files);
  ADD ("refused", test_refused);
  ADD ("refusal-is-remembered", test_refusal_is_remembered);
  ADD ("trouble-is-not-remembered", test_trouble_is_not_remembered);
  ADD ("gcloud-command", test_gcloud_command);
  ADD ("file-is-read-again", test_file_is_read_again);
  ADD ("file-that-is-gone", test_file_that_is_gone);
  ADD ("service-account", test_service_account);
  ADD ("service-account-for-itself", test_service_account_for_itself);
  ADD ("subjects", test_subjects);
  ADD ("bad-keys", test_bad_keys);
  ADD ("service-account-refused", test_service_account_refused);
  ADD ("64-calls-share-a-fresh-token", test_64_calls_share_a_fresh_token);
  status = g_test_run ();
  run ("rm -r %s", keys);
  g_free (keys);
  return status;
}
