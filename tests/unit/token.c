/* Asking for tokens. */
#include "token.h"

#include <glib/gstdio.h>
#include <string.h>

#include "net/error.h"
#include "net/secret.h"

void
token_set_up (TokenFixture *f, gconstpointer data)
{
  f->server = script_server_new (NULL);
  f->http = http_client_new ();
  f->dir = g_dir_make_tmp ("contactfs-token-XXXXXX", NULL);
  f->file = g_build_filename (f->dir, "file", NULL);
}

void
token_tear_down (TokenFixture *f, gconstpointer data)
{
  http_client_free (f->http);
  script_server_free (f->server);
  g_remove (f->file);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->file);
  g_free (f->dir);
}

char *
token_get (TokenCache *token_cache, double seconds, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  token_cache_get_async (token_cache, deadline_in (seconds), NULL, keep_result, &result);
  return token_cache_get_finish (token_cache, await_result (&result), error);
}

void
token_assert (TokenCache *token_cache, const char *expected)
{
  g_autoptr (GError) error = NULL;
  char *token = token_get (token_cache, AMPLE, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (token, ==, expected);
  secret_free (token);
}

void
token_assert_fails (TokenCache *token_cache, int code, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (token_get (token_cache, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}

void
token_write_json (TokenFixture *f, cJSON *json)
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

cJSON *
token_user_json (const char *refresh_token)
{
  cJSON *json = cJSON_CreateObject ();

  cJSON_AddStringToObject (json, "type", "authorized_user");
  cJSON_AddStringToObject (json, "client_id", "id &1");
  cJSON_AddStringToObject (json, "client_secret", "s=cret");
  cJSON_AddStringToObject (json, "refresh_token", refresh_token);
  return json;
}

TokenCache *
token_open_as (TokenFixture *f, CredentialsOrigin origin, const char *subject)
{
  g_autoptr (GError) error = NULL;
  TokenCache *token_cache = token_cache_new_file (f->http, f->file, origin, subject, &error);

  g_assert_no_error (error);
  return token_cache;
}

void
token_assert_no_file (TokenFixture *f, const char *subject, const char *says)
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
