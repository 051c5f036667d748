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
